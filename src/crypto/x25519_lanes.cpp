// Curve25519 of several handshakes at once in AVX-512 IFMA lanes.
#include "crypto/x25519_lanes.h"

#include <array>
#include <cstdint>

#include "crypto/avx512.h"
#include "crypto/x25519_words.h"

// A number modulo p = 2^255 - 19 is kept in five limbs of 51 bits. A register holds one limb of
// eight numbers. IFMA multiplies the lower 52 bits of two limbs and adds the lower or the upper 52
// bits of the product. So factors have limbs below 2^52, and the upper halves count twice in the
// next column, because they weigh 2^52 instead of 2^51.
//
// Carries are left out where they are not needed. Two types say what has been carried:
//   Tight  limbs below 2^51 + 2^16: may be multiplied.
//   Loose  limbs below 2^62: a product or a small sum; may be added, subtracted and carried.
// The lower halves of a product are below 2^52, the upper ones below 2^50 + 2^16 and count twice.
// Column 5 sums up four and five of them, less than 6.6 * 2^52, and comes back to limb 0 as 19
// times that: with its own lower half less than 2^59, and no other limb is greater.

namespace wring {
namespace {

constexpr std::uint64_t kMask51 = (std::uint64_t{1} << 51) - 1;
constexpr std::size_t kLimbs = 5;

struct Tight {
  __m512i limb[kLimbs];
};
struct Loose {
  __m512i limb[kLimbs];
};

WRING_AVX512_INLINE __m512i broadcast(std::uint64_t value) {
  return _mm512_set1_epi64(static_cast<long long>(value));
}

WRING_AVX512_INLINE __m512i twice(__m512i x) {
  return _mm512_add_epi64(x, x);
}

// Each limb hands on what it has above 51 bits, all at once: below 2^62 that is less than 2^11, and
// 19 times as much for the lowest limb.
WRING_AVX512_INLINE Tight carry(const Loose& x) {
  const __m512i mask = broadcast(kMask51);
  Tight out;
  out.limb[0] = _mm512_madd52lo_epu64(_mm512_and_si512(x.limb[0], mask),
                                      _mm512_srli_epi64(x.limb[4], 51), broadcast(19));
  WRING_UNROLL
  for (std::size_t i = 1; i < kLimbs; ++i) {
    out.limb[i] =
        _mm512_add_epi64(_mm512_and_si512(x.limb[i], mask), _mm512_srli_epi64(x.limb[i - 1], 51));
  }
  return out;
}

WRING_AVX512_INLINE Tight add(const Loose& a, const Loose& b) {
  Loose sum;
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i)
    sum.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
  return carry(sum);
}

// a - b + 2^10 p. No limb is negative, because those of b are below 2^59, and all are below 2^62.
template <typename Number>
WRING_AVX512_INLINE Tight subtract(const Number& a, const Number& b) {
  Loose difference;
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const __m512i bias = broadcast((i == 0 ? kMask51 - 18 : kMask51) << 10);
    difference.limb[i] = _mm512_add_epi64(a.limb[i], _mm512_sub_epi64(bias, b.limb[i]));
  }
  return carry(difference);
}

// The columns of a product, folded at 2^255 = 19.
WRING_AVX512_INLINE Loose fold(const __m512i (&column)[2 * kLimbs]) {
  Loose out;
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const __m512i high = column[i + kLimbs];
    const __m512i thrice = _mm512_add_epi64(high, twice(high));
    const __m512i times19 = _mm512_add_epi64(thrice, _mm512_slli_epi64(high, 4));
    out.limb[i] = _mm512_add_epi64(column[i], times19);
  }
  return out;
}

WRING_AVX512_INLINE Loose multiply(const Tight& a, const Tight& b) {
  __m512i column[2 * kLimbs];
  WRING_UNROLL
  for (__m512i& each : column)
    each = _mm512_setzero_si512();
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    WRING_UNROLL
    for (std::size_t j = 0; j < kLimbs; ++j)
      column[i + j + 1] = _mm512_madd52hi_epu64(column[i + j + 1], a.limb[i], b.limb[j]);
  }
  WRING_UNROLL
  for (__m512i& each : column)
    each = twice(each);
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    WRING_UNROLL
    for (std::size_t j = 0; j < kLimbs; ++j)
      column[i + j] = _mm512_madd52lo_epu64(column[i + j], a.limb[i], b.limb[j]);
  }
  return fold(column);
}

// As multiply(a, a), with each product of two different limbs made once and counted twice.
WRING_AVX512_INLINE Loose square(const Tight& a) {
  __m512i column[2 * kLimbs];
  WRING_UNROLL
  for (__m512i& each : column)
    each = _mm512_setzero_si512();
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    WRING_UNROLL
    for (std::size_t j = i + 1; j < kLimbs; ++j)
      column[i + j + 1] = _mm512_madd52hi_epu64(column[i + j + 1], a.limb[i], a.limb[j]);
  }
  WRING_UNROLL
  for (__m512i& each : column)
    each = twice(each);
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    column[2 * i + 1] = _mm512_madd52hi_epu64(column[2 * i + 1], a.limb[i], a.limb[i]);
    WRING_UNROLL
    for (std::size_t j = i + 1; j < kLimbs; ++j)
      column[i + j] = _mm512_madd52lo_epu64(column[i + j], a.limb[i], a.limb[j]);
  }
  WRING_UNROLL
  for (__m512i& each : column)
    each = twice(each);
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i)
    column[2 * i] = _mm512_madd52lo_epu64(column[2 * i], a.limb[i], a.limb[i]);
  return fold(column);
}

// a + 121665 b. The upper halves are below 2^17, so even 38 of them are a small number.
WRING_AVX512_INLINE Tight add_a24_times(const Tight& a, const Tight& b) {
  const __m512i a24 = broadcast(121665);
  __m512i high[kLimbs];
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i)
    high[i] = _mm512_madd52hi_epu64(_mm512_setzero_si512(), b.limb[i], a24);
  Loose sum;
  sum.limb[0] = _mm512_madd52lo_epu64(a.limb[0], high[kLimbs - 1], broadcast(38));
  WRING_UNROLL
  for (std::size_t i = 1; i < kLimbs; ++i)
    sum.limb[i] = _mm512_add_epi64(a.limb[i], twice(high[i - 1]));
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i)
    sum.limb[i] = _mm512_madd52lo_epu64(sum.limb[i], b.limb[i], a24);
  return carry(sum);
}

// Exchanges the numbers in the lanes whose bit is set, without a branch.
WRING_AVX512_INLINE void swap_if(__mmask8 lanes, Loose& a, Loose& b) {
  WRING_UNROLL
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const __m512i kept = a.limb[i];
    a.limb[i] = _mm512_mask_mov_epi64(kept, lanes, b.limb[i]);
    b.limb[i] = _mm512_mask_mov_epi64(b.limb[i], lanes, kept);
  }
}

[[WRING_AVX512, gnu::noinline]] void multiply_by(Tight& a, const Tight& b) {
  a = carry(multiply(a, b));
}

[[WRING_AVX512, gnu::noinline]] void square_often(Tight& a, int times) {
  for (int i = 0; i < times; ++i)
    a = carry(square(a));
}

// a^(2^n) * b.
[[WRING_AVX512]] Tight shifted(const Tight& a, int n, const Tight& b) {
  Tight out = a;
  square_often(out, n);
  multiply_by(out, b);
  return out;
}

// z^(p - 2) = z^(2^255 - 21), by exponents of n ones in a row.
[[WRING_AVX512]] Tight invert(const Tight& z) {
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

// Eight numbers of 256 bits; the outer index is the word, the inner one the lane.
using Words = X25519Words<kX25519Lanes>;

// The highest bit of a point is to be ignored (RFC 7748 section 5).
[[WRING_AVX512]] Tight to_limbs(const Words& words) {
  __m512i word[4];
  for (std::size_t i = 0; i < words.size(); ++i)
    word[i] = _mm512_loadu_si512(words[i].data());
  const __m512i mask = broadcast(kMask51);
  Tight out;
  out.limb[0] = _mm512_and_si512(word[0], mask);
  for (unsigned i = 1; i < 4; ++i) {
    const __m512i across = _mm512_or_si512(_mm512_srli_epi64(word[i - 1], 64 - 13 * i),
                                           _mm512_slli_epi64(word[i], 13 * i));
    out.limb[i] = _mm512_and_si512(across, mask);
  }
  out.limb[4] = _mm512_and_si512(_mm512_srli_epi64(word[3], 12), mask);
  return out;
}

// Each limb hands on in turn what it has above 51 bits; returns what the last one has.
WRING_AVX512_INLINE __m512i ripple(Tight& x) {
  const __m512i mask = broadcast(kMask51);
  WRING_UNROLL
  for (std::size_t i = 1; i < kLimbs; ++i) {
    x.limb[i] = _mm512_add_epi64(x.limb[i], _mm512_srli_epi64(x.limb[i - 1], 51));
    x.limb[i - 1] = _mm512_and_si512(x.limb[i - 1], mask);
  }
  const __m512i above = _mm512_srli_epi64(x.limb[4], 51);
  x.limb[4] = _mm512_and_si512(x.limb[4], mask);
  return above;
}

// The one form below p.
[[WRING_AVX512]] Words to_words(Tight x) {
  const __m512i nineteen = broadcast(19);
  // Twice, because the part that comes back may overflow once more. Then the number is below 2^255.
  for (int pass = 0; pass < 2; ++pass) {
    // Not within the call below: ripple() changes the limb that is its other argument.
    const __m512i above = ripple(x);
    x.limb[0] = _mm512_madd52lo_epu64(x.limb[0], above, nineteen);
  }
  // It is p or more if adding 19 reaches 2^255. Then the rest above 2^255 is the result.
  Tight more = x;
  more.limb[0] = _mm512_add_epi64(more.limb[0], nineteen);
  x.limb[0] = _mm512_madd52lo_epu64(x.limb[0], ripple(more), nineteen);
  static_cast<void>(ripple(x));
  Words words;
  for (unsigned i = 0; i < 4; ++i) {
    const __m512i word = _mm512_or_si512(_mm512_srli_epi64(x.limb[i], 13 * i),
                                         _mm512_slli_epi64(x.limb[i + 1], 51 - 13 * i));
    _mm512_storeu_si512(words[i].data(), word);
  }
  return words;
}

// The ladder of RFC 7748 section 5, in its names. A frame of its own, so that it can be wiped.
[[WRING_AVX512, gnu::noinline]] Words ladder(const Words& scalars, const Words& points) {
  const Tight x1 = to_limbs(points);
  Loose x2{};
  Loose z2{};
  Loose x3;
  Loose z3{};
  for (std::size_t i = 0; i < kLimbs; ++i)
    x3.limb[i] = x1.limb[i];
  x2.limb[0] = z3.limb[0] = broadcast(1);
  __mmask8 swapped = 0;
  for (unsigned t = 255; t-- > 0;) {
    const __m512i word = _mm512_loadu_si512(scalars[t / 64].data());
    const __mmask8 bits = _mm512_test_epi64_mask(word, broadcast(std::uint64_t{1} << t % 64));
    const auto swap = static_cast<__mmask8>(swapped ^ bits);
    swapped = bits;
    swap_if(swap, x2, x3);
    swap_if(swap, z2, z3);

    const Tight a = add(x2, z2);
    const Tight b = subtract(x2, z2);
    const Tight c = add(x3, z3);
    const Tight d = subtract(x3, z3);
    const Loose da = multiply(d, a);
    const Loose cb = multiply(c, b);
    const Tight aa = carry(square(a));
    const Tight bb = carry(square(b));
    const Tight e = subtract(aa, bb);
    x3 = square(add(da, cb));
    z3 = multiply(x1, carry(square(subtract(da, cb))));
    x2 = multiply(aa, bb);
    z2 = multiply(e, add_a24_times(aa, e));
  }
  swap_if(swapped, x2, x3);
  swap_if(swapped, z2, z3);
  Tight result = invert(carry(z2));
  multiply_by(result, carry(x2));
  return to_words(result);
}

}  // namespace

void x25519_lanes(std::span<const X25519Lane> lanes) {
  // Optimized, the frames of the ladder take 7 KiB at most.
  x25519_by<kX25519Lanes>(ladder, 8192, lanes);
}

}  // namespace wring
