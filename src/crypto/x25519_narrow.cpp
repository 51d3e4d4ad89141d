// Curve25519 of several handshakes at once in AVX2 lanes.
#include "crypto/x25519_narrow.h"

#include <immintrin.h>

#include <array>
#include <cstdint>

#include "crypto/x25519_words.h"

// A number modulo p = 2^255 - 19 is kept in ten limbs of 26 and 25 bits by turns. A register holds
// one limb of four numbers; AVX2 multiplies the lower 32 bits of each lane to 64.
//
// Carries are left out where they are not needed. Two types say what has been carried:
//   Tight  limbs below 2^26 + 2^10 and 2^25 + 2^10: what a product comes back as.
//   Loose  the sum or the difference of two of them, limbs below 2^27.6 and 2^26.6.
// Both may be multiplied: 19 times a limb is below 2^32, and the ten parts of a column, of which
// each is below 2^59.5, add up to less than 2^62.2.

#define WRING_AVX2 gnu::target("avx2")
#define WRING_AVX2_INLINE [[gnu::always_inline, WRING_AVX2]] inline

namespace wring {
namespace {

constexpr std::size_t kLimbs = 10;

struct Tight {
  __m256i limb[kLimbs];
};
struct Loose {
  __m256i limb[kLimbs];
};

constexpr int bits_of(std::size_t limb) {
  return limb % 2 == 0 ? 26 : 25;
}
// Of a number of 255 bits, where the limb begins.
constexpr unsigned begin_of(std::size_t limb) {
  return static_cast<unsigned>(25 * limb + (limb + 1) / 2);
}
constexpr std::uint64_t mask_of(std::size_t limb) {
  return (std::uint64_t{1} << bits_of(limb)) - 1;
}

WRING_AVX2_INLINE __m256i broadcast(std::uint64_t value) {
  return _mm256_set1_epi64x(static_cast<long long>(value));
}

WRING_AVX2_INLINE __m256i times19(__m256i x) {
  return _mm256_mul_epu32(x, broadcast(19));
}

// One limb hands on to the next what it has above its bits; the last one to the first, 19 times.
// That may be more than 32 bits.
WRING_AVX2_INLINE void carry_from(__m256i (&x)[kLimbs], std::size_t limb) {
  const __m256i above = _mm256_srli_epi64(x[limb], bits_of(limb));
  x[limb] = _mm256_and_si256(x[limb], broadcast(mask_of(limb)));
  if (limb + 1 < kLimbs) {
    x[limb + 1] = _mm256_add_epi64(x[limb + 1], above);
  } else {
    const __m256i twice = _mm256_add_epi64(above, above);
    const __m256i thrice = _mm256_add_epi64(above, twice);
    x[0] = _mm256_add_epi64(x[0], _mm256_add_epi64(thrice, _mm256_slli_epi64(above, 4)));
  }
}

// From limbs below 2^62.3. Two chains at once, because each step waits for the one before: from 0
// to 5 and from 5 to 0, then a second time where the first left more than 10 bits.
WRING_AVX2_INLINE Tight carried(__m256i (&x)[kLimbs]) {
#pragma GCC unroll 5
  for (std::size_t i = 0; i < 5; ++i) {
    carry_from(x, i);
    carry_from(x, i + 5);
  }
  // Now limb 5 has up to 2^37.4 more, and limb 0 up to 19 * 2^37.4.
  carry_from(x, 0);
  carry_from(x, 5);
  carry_from(x, 1);
  carry_from(x, 6);
  Tight out;
#pragma GCC unroll 10
  for (std::size_t i = 0; i < kLimbs; ++i)
    out.limb[i] = x[i];
  return out;
}

WRING_AVX2_INLINE Loose add(const Tight& a, const Tight& b) {
  Loose sum;
#pragma GCC unroll 10
  for (std::size_t i = 0; i < kLimbs; ++i)
    sum.limb[i] = _mm256_add_epi64(a.limb[i], b.limb[i]);
  return sum;
}

// a - b + 2p, of which no limb is negative.
WRING_AVX2_INLINE Loose subtract(const Tight& a, const Tight& b) {
  Loose difference;
#pragma GCC unroll 10
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const __m256i bias = broadcast(2 * (i == 0 ? mask_of(0) - 18 : mask_of(i)));
    difference.limb[i] = _mm256_add_epi64(a.limb[i], _mm256_sub_epi64(bias, b.limb[i]));
  }
  return difference;
}

WRING_AVX2_INLINE void add_product(__m256i& sum, __m256i a, __m256i b) {
  sum = _mm256_add_epi64(sum, _mm256_mul_epu32(a, b));
}

// Two odd limbs meet half a bit too low, so that their product counts twice; past limb 9 a product
// comes back 19 times. Limb by limb of a, because ten columns fit the registers.
template <typename A, typename B>
WRING_AVX2_INLINE Tight multiply(const A& a, const B& b) {
  __m256i back[kLimbs];
  __m256i column[kLimbs];
#pragma GCC unroll 10
  for (std::size_t j = 0; j < kLimbs; ++j) {
    back[j] = times19(b.limb[j]);
    column[j] = _mm256_mul_epu32(a.limb[0], b.limb[j]);
  }
#pragma GCC unroll 10
  for (std::size_t i = 1; i < kLimbs; ++i) {
    const __m256i once = a.limb[i];
    const __m256i twice = _mm256_add_epi64(once, once);
#pragma GCC unroll 10
    for (std::size_t j = 0; j < kLimbs; ++j) {
      const bool past = i + j >= kLimbs;
      add_product(column[past ? i + j - kLimbs : i + j], i % 2 != 0 && j % 2 != 0 ? twice : once,
                  past ? back[j] : b.limb[j]);
    }
  }
  return carried(column);
}

// As multiply(a, a), with each product of two different limbs made once and counted twice.
template <typename A>
WRING_AVX2_INLINE Tight square(const A& a) {
  __m256i back[kLimbs];
  __m256i column[kLimbs];
  const __m256i twice0 = _mm256_add_epi64(a.limb[0], a.limb[0]);
#pragma GCC unroll 10
  for (std::size_t j = 0; j < kLimbs; ++j) {
    back[j] = times19(a.limb[j]);
    column[j] = _mm256_mul_epu32(j == 0 ? a.limb[0] : twice0, a.limb[j]);
  }
#pragma GCC unroll 10
  for (std::size_t i = 1; i < kLimbs; ++i) {
    const __m256i once = a.limb[i];
    const __m256i twice = _mm256_add_epi64(once, once);
    const __m256i four_times = _mm256_add_epi64(twice, twice);
#pragma GCC unroll 10
    for (std::size_t j = i; j < kLimbs; ++j) {
      const bool past = i + j >= kLimbs;
      const bool odd = i % 2 != 0 && j % 2 != 0;
      const __m256i left = i == j ? (odd ? twice : once) : (odd ? four_times : twice);
      add_product(column[past ? i + j - kLimbs : i + j], left, past ? back[j] : a.limb[j]);
    }
  }
  return carried(column);
}

// a + 121665 b.
WRING_AVX2_INLINE Tight add_a24_times(const Tight& a, const Loose& b) {
  const __m256i a24 = broadcast(121665);
  __m256i sum[kLimbs];
#pragma GCC unroll 10
  for (std::size_t i = 0; i < kLimbs; ++i)
    sum[i] = _mm256_add_epi64(a.limb[i], _mm256_mul_epu32(b.limb[i], a24));
  return carried(sum);
}

// Exchanges the numbers in the lanes where `mask` has all bits, without a branch.
WRING_AVX2_INLINE void swap_if(__m256i mask, Tight& a, Tight& b) {
#pragma GCC unroll 10
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const __m256i change = _mm256_and_si256(mask, _mm256_xor_si256(a.limb[i], b.limb[i]));
    a.limb[i] = _mm256_xor_si256(a.limb[i], change);
    b.limb[i] = _mm256_xor_si256(b.limb[i], change);
  }
}

// Not inline: ten of them in the ladder would not fit the cache of instructions.
template <typename B>
[[WRING_AVX2, gnu::noinline]] void multiply_to(Tight& out, const Loose& a, const B& b) {
  out = multiply(a, b);
}
[[WRING_AVX2, gnu::noinline]] void multiply_by(Tight& a, const Tight& b) {
  a = multiply(a, b);
}
[[WRING_AVX2, gnu::noinline]] void square_to(Tight& out, const Loose& a) {
  out = square(a);
}
[[WRING_AVX2, gnu::noinline]] void square_often(Tight& a, int times) {
  for (int i = 0; i < times; ++i)
    a = square(a);
}

// a^(2^n) * b.
[[WRING_AVX2]] Tight shifted(const Tight& a, int n, const Tight& b) {
  Tight out = a;
  square_often(out, n);
  multiply_by(out, b);
  return out;
}

// z^(p - 2) = z^(2^255 - 21), by exponents of n ones in a row.
[[WRING_AVX2]] Tight invert(const Tight& z) {
  Tight z2 = z;
  square_often(z2, 1);
  const Tight z9 = shifted(z2, 2, z);
  Tight z11 = z9;
  multiply_by(z11, z2);
  const Tight ones5 = shifted(z11, 1, z9);
  const Tight ones10 = shifted(ones5, 5, ones5);
  const Tight ones20 = shifted(ones10, 10, ones10);
  const Tight ones40 = shifted(ones20, 20, ones20);
  const Tight ones50 = shifted(ones40, 10, ones10);
  const Tight ones100 = shifted(ones50, 50, ones50);
  const Tight ones200 = shifted(ones100, 100, ones100);
  const Tight ones250 = shifted(ones200, 50, ones50);
  return shifted(ones250, 5, z11);
}

// Four numbers of 256 bits; the outer index is the word, the inner one the lane.
using Words = X25519Words<kX25519NarrowLanes>;

WRING_AVX2_INLINE __m256i load_word(const Words& words, std::size_t word) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words[word].data()));
}

WRING_AVX2_INLINE void add_to_word(Words& words, std::size_t word, __m256i part) {
  const __m256i sum = _mm256_or_si256(load_word(words, word), part);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words[word].data()), sum);
}

// The highest bit of a point is to be ignored (RFC 7748 section 5).
[[WRING_AVX2]] Tight to_limbs(const Words& words) {
  Tight out;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const unsigned word = begin_of(i) / 64;
    const int bit = static_cast<int>(begin_of(i) % 64);
    __m256i limb = _mm256_srli_epi64(load_word(words, word), bit);
    if (bit + bits_of(i) > 64) {
      limb = _mm256_or_si256(limb, _mm256_slli_epi64(load_word(words, word + 1), 64 - bit));
    }
    out.limb[i] = _mm256_and_si256(limb, broadcast(mask_of(i)));
  }
  return out;
}

// The one form below p.
[[WRING_AVX2]] Words to_words(Tight x) {
  // Twice, because the part that comes back may overflow once more. Then the number is below 2^255.
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t i = 0; i < kLimbs; ++i)
      carry_from(x.limb, i);
  }
  // It is p or more if adding 19 reaches 2^255. Then the rest above 2^255 is the result.
  __m256i above = broadcast(19);
  for (std::size_t i = 0; i < kLimbs; ++i)
    above = _mm256_srli_epi64(_mm256_add_epi64(x.limb[i], above), bits_of(i));
  x.limb[0] = _mm256_add_epi64(x.limb[0], times19(above));
  for (std::size_t i = 0; i + 1 < kLimbs; ++i)
    carry_from(x.limb, i);
  x.limb[9] = _mm256_and_si256(x.limb[9], broadcast(mask_of(9)));
  Words words{};
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const unsigned word = begin_of(i) / 64;
    const int bit = static_cast<int>(begin_of(i) % 64);
    add_to_word(words, word, _mm256_slli_epi64(x.limb[i], bit));
    if (bit + bits_of(i) > 64) {
      add_to_word(words, word + 1, _mm256_srli_epi64(x.limb[i], 64 - bit));
    }
  }
  return words;
}

// The ladder of RFC 7748 section 5, in its names. A frame of its own, so that it can be wiped.
[[WRING_AVX2, gnu::noinline]] Words ladder(const Words& scalars, const Words& points) {
  const Tight x1 = to_limbs(points);
  Tight x2{};
  Tight z2{};
  Tight x3 = x1;
  Tight z3{};
  x2.limb[0] = z3.limb[0] = broadcast(1);
  __m256i swapped = _mm256_setzero_si256();
  for (unsigned t = 255; t-- > 0;) {
    const __m256i bit = broadcast(std::uint64_t{1} << t % 64);
    const __m256i set = _mm256_cmpeq_epi64(_mm256_and_si256(load_word(scalars, t / 64), bit), bit);
    const __m256i swap = _mm256_xor_si256(swapped, set);
    swapped = set;
    swap_if(swap, x2, x3);
    swap_if(swap, z2, z3);

    const Loose a = add(x2, z2);
    const Loose b = subtract(x2, z2);
    const Loose c = add(x3, z3);
    const Loose d = subtract(x3, z3);
    Tight da;
    Tight cb;
    Tight aa;
    Tight bb;
    multiply_to(da, d, a);
    multiply_to(cb, c, b);
    square_to(aa, a);
    square_to(bb, b);
    const Loose e = subtract(aa, bb);
    square_to(x3, add(da, cb));
    square_to(z3, subtract(da, cb));
    multiply_by(z3, x1);
    x2 = aa;
    multiply_by(x2, bb);
    multiply_to(z2, e, add_a24_times(aa, e));
  }
  swap_if(swapped, x2, x3);
  swap_if(swapped, z2, z3);
  Tight result = invert(z2);
  multiply_by(result, x2);
  return to_words(result);
}

}  // namespace

void x25519_narrow(std::span<const X25519Lane> lanes) {
  // Optimized, the frames of the ladder take 10 KiB at most.
  x25519_by<kX25519NarrowLanes>(ladder, 12288, lanes);
}

}  // namespace wring
