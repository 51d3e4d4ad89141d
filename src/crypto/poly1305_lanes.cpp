// Poly1305 of several packets at once in AVX-512 IFMA lanes.
#include "crypto/poly1305_lanes.h"

#include "crypto/avx512.h"

// A number below 2^130 is kept in three limbs of 44, 44 and 42 bits, so that products of limbs and
// their sums fit into the 52 + 52 bits that IFMA gives. A register holds one limb of eight numbers:
// in the main loop four successive blocks of two packets, lane 2 * block + packet. Each lane runs
// through every fourth block of its packet by Horner's rule with the fourth power r^4 of the
// multiplier, two steps at a time to carry half as often; in the end the lanes are multiplied by
// r^4, r^3, r^2 and r and added. The four blocks are aligned to the end of the packet.
// Blocks that are missing before its beginning count as zero.

namespace wring {
namespace {

constexpr std::uint64_t kMask44 = (std::uint64_t{1} << 44) - 1;
constexpr std::uint64_t kMask42 = (std::uint64_t{1} << 42) - 1;
// The bit that RFC 8439 puts after each block of 16 bytes, within the third limb.
constexpr std::uint64_t kBlockEnd = std::uint64_t{1} << 40;
constexpr std::ptrdiff_t kBlockSize = 16;
constexpr std::ptrdiff_t kStep = 4 * kBlockSize;

struct Limbs {
  __m512i low;
  __m512i middle;
  __m512i high;
};

// A multiplier, and 20 times its upper limbs: 2^132 is 20 modulo 2^130 - 5.
struct Multiplier {
  Limbs r;
  __m512i middle20;
  __m512i high20;
};

WRING_AVX512_INLINE __m512i broadcast(std::uint64_t value) {
  return _mm512_set1_epi64(static_cast<long long>(value));
}

// From 128-bit numbers in two halves; the third limb has 40 bits.
WRING_AVX512_INLINE Limbs to_limbs(__m512i low, __m512i high) {
  const __m512i mask = broadcast(kMask44);
  const __m512i across = _mm512_or_si512(_mm512_srli_epi64(low, 44), _mm512_slli_epi64(high, 20));
  return {_mm512_and_si512(low, mask), _mm512_and_si512(across, mask), _mm512_srli_epi64(high, 24)};
}

WRING_AVX512_INLINE __m512i times20(__m512i x) {
  return _mm512_add_epi64(_mm512_slli_epi64(x, 4), _mm512_slli_epi64(x, 2));
}

WRING_AVX512_INLINE Multiplier multiplier(const Limbs& r) {
  return {r, times20(r.middle), times20(r.high)};
}

// A sum of products of limbs, in their lower and their upper 52 bits.
struct Sum {
  __m512i low;
  __m512i high;
};

WRING_AVX512_INLINE void add_product(Sum& sum, __m512i a, __m512i b) {
  sum.low = _mm512_madd52lo_epu64(sum.low, a, b);
  sum.high = _mm512_madd52hi_epu64(sum.high, a, b);
}

// A sum of products of numbers, before any carry. There is room for two products, if the limbs of
// one factor are of at most 47 bits.
struct Products {
  Sum low;
  Sum middle;
  Sum high;
};

WRING_AVX512_INLINE Products begin_with(const Limbs& h) {
  const __m512i zero = _mm512_setzero_si512();
  return {{h.low, zero}, {h.middle, zero}, {h.high, zero}};
}

// In the order in which carried() makes the limbs, because one product waits for the other.
WRING_AVX512_INLINE void add_product(Products& sum, const Limbs& h, const Multiplier& m) {
  add_product(sum.low, h.high, m.middle20);
  add_product(sum.middle, h.high, m.high20);
  add_product(sum.high, h.high, m.r.low);
  add_product(sum.low, h.low, m.r.low);
  add_product(sum.middle, h.low, m.r.middle);
  add_product(sum.high, h.low, m.r.high);
  add_product(sum.low, h.middle, m.high20);
  add_product(sum.middle, h.middle, m.r.low);
  add_product(sum.high, h.middle, m.r.middle);
}

// The limbs of the result are of 44, a bit more than 44, and 42 bits.
WRING_AVX512_INLINE Limbs carried(const Products& sum) {
  const __m512i mask44 = broadcast(kMask44);
  // The upper parts weigh 2^52, that is 2^8 of the next limb.
  __m512i middle = _mm512_add_epi64(sum.middle.low, _mm512_slli_epi64(sum.low.high, 8));
  __m512i high = _mm512_add_epi64(sum.high.low, _mm512_slli_epi64(sum.middle.high, 8));
  middle = _mm512_add_epi64(middle, _mm512_srli_epi64(sum.low.low, 44));
  high = _mm512_add_epi64(high, _mm512_srli_epi64(middle, 44));
  // Bits above 2^130 come back at the bottom, times five.
  const __m512i past =
      _mm512_add_epi64(_mm512_slli_epi64(sum.high.high, 10), _mm512_srli_epi64(high, 42));
  const __m512i low =
      _mm512_madd52lo_epu64(_mm512_and_si512(sum.low.low, mask44), past, broadcast(5));
  return {_mm512_and_si512(low, mask44),
          _mm512_add_epi64(_mm512_and_si512(middle, mask44), _mm512_srli_epi64(low, 44)),
          _mm512_and_si512(high, broadcast(kMask42))};
}

WRING_AVX512_INLINE Limbs zero() {
  return {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
}

WRING_AVX512_INLINE Limbs multiply(const Limbs& h, const Multiplier& m) {
  Products product = begin_with(zero());
  add_product(product, h, m);
  return carried(product);
}

WRING_AVX512_INLINE Limbs load_limbs(const std::uint64_t (&from)[3][kPolyPackets]) {
  return {_mm512_load_si512(from[0]), _mm512_load_si512(from[1]), _mm512_load_si512(from[2])};
}

WRING_AVX512_INLINE void store_limbs(std::uint64_t (&to)[3][kPolyPackets], const Limbs& limbs) {
  _mm512_store_si512(to[0], limbs.low);
  _mm512_store_si512(to[1], limbs.middle);
  _mm512_store_si512(to[2], limbs.high);
}

// Half of the key of every packet, the multiplier or what is added at the end, as words. Lane i is
// packet i.
struct Words {
  __m512i low;
  __m512i high;
};
WRING_AVX512_INLINE Words half_keys(const PolyBatch& batch, std::int64_t first_word) {
  const __m512i places =
      _mm512_add_epi64(_mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13), _mm512_set1_epi64(first_word));
  const __m512i first = _mm512_permutex2var_epi64(_mm512_load_si512(batch.key[0]), places,
                                                  _mm512_load_si512(batch.key[2]));
  const __m512i last = _mm512_permutex2var_epi64(_mm512_load_si512(batch.key[4]), places,
                                                 _mm512_load_si512(batch.key[6]));
  return {_mm512_shuffle_i64x2(first, last, 0x44), _mm512_shuffle_i64x2(first, last, 0xee)};
}

// Lane i is packet i.
WRING_AVX512_INLINE void make_powers(PolyBatch& batch) {
  // RFC 8439, 2.5: some bits of the multiplier are cleared.
  const Words words = half_keys(batch, 0);
  const Limbs r = to_limbs(_mm512_and_si512(words.low, broadcast(0x0ffffffc0fffffff)),
                           _mm512_and_si512(words.high, broadcast(0x0ffffffc0ffffffc)));
  const Multiplier by_r = multiplier(r);
  const Limbs r2 = multiply(r, by_r);
  const Limbs r4 = multiply(r2, multiplier(r2));
  store_limbs(batch.power[0], r);
  store_limbs(batch.power[1], r2);
  store_limbs(batch.power[2], multiply(r2, by_r));
  store_limbs(batch.power[3], r4);
  store_limbs(batch.eighth_power, multiply(r4, multiplier(r4)));
}

// One limb of the same power of the packets first and first + 1, four times.
WRING_AVX512_INLINE __m512i spread_limb(const std::uint64_t (&limb)[kPolyPackets], unsigned first) {
  return _mm512_broadcast_i64x2(_mm_load_si128(reinterpret_cast<const __m128i*>(limb + first)));
}

WRING_AVX512_INLINE Multiplier spread(const std::uint64_t (&power)[3][kPolyPackets],
                                      unsigned first) {
  return multiplier(
      {spread_limb(power[0], first), spread_limb(power[1], first), spread_limb(power[2], first)});
}

// One limb of r^4, r^3, r^2 and r of the two packets.
WRING_AVX512_INLINE __m512i falling_limb(const PolyBatch& batch, unsigned limb, unsigned first) {
  const auto pair = [&batch, limb, first](unsigned power) {
    return reinterpret_cast<const __m128i*>(&batch.power[power - 1][limb][first]);
  };
  __m512i x = _mm512_castsi128_si512(_mm_load_si128(pair(4)));
  x = _mm512_inserti64x2(x, _mm_load_si128(pair(3)), 1);
  x = _mm512_inserti64x2(x, _mm_load_si128(pair(2)), 2);
  return _mm512_inserti64x2(x, _mm_load_si128(pair(1)), 3);
}

WRING_AVX512_INLINE Multiplier falling_powers(const PolyBatch& batch, unsigned first) {
  return multiplier({falling_limb(batch, 0, first), falling_limb(batch, 1, first),
                     falling_limb(batch, 2, first)});
}

// Four blocks of two packets from their words as they lie, with the end bits given.
WRING_AVX512_INLINE Limbs blocks_of(__m512i first, __m512i second, __m512i ends) {
  Limbs limbs =
      to_limbs(_mm512_unpacklo_epi64(first, second), _mm512_unpackhi_epi64(first, second));
  limbs.high = _mm512_or_si512(limbs.high, ends);
  return limbs;
}

// Four blocks of a packet from `offset` on. Some of them may be before its beginning or after its
// end.
struct EdgeBlocks {
  __m512i words;
  __m512i ends;
};
WRING_AVX512_INLINE EdgeBlocks edge_blocks(const PolyBatch& batch, unsigned packet,
                                           std::ptrdiff_t offset, bool last) {
  const std::uint64_t all = ~std::uint64_t{0};
  const auto size = static_cast<std::ptrdiff_t>(batch.size[packet]);
  const std::ptrdiff_t begin = offset < 0 ? -offset : 0;
  if (begin >= kStep) return {_mm512_setzero_si512(), _mm512_setzero_si512()};
  const std::ptrdiff_t end = size - offset;
  std::uint64_t mask = all << begin;
  if (end < kStep) mask &= end <= 0 ? 0 : ~(all << end);
  // Pointer arithmetic may not leave the packet, and the mask keeps the load within it.
  const std::uintptr_t address =
      reinterpret_cast<std::uintptr_t>(batch.data[packet]) + static_cast<std::uintptr_t>(offset);
  EdgeBlocks blocks;
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  blocks.words = _mm512_maskz_loadu_epi8(mask, reinterpret_cast<const void*>(address));
  // RFC 8439, 2.8: the last block holds two lengths. That of the associated data is zero.
  if (last) blocks.words = _mm512_mask_set1_epi64(blocks.words, 0x80, size);
  const auto there = static_cast<__mmask8>(0xffU << (2 * begin / kBlockSize));
  blocks.ends = _mm512_maskz_set1_epi64(there, kBlockEnd);
  return blocks;
}

// The numbers that the lanes of each packet add up to, for the last reduction.
WRING_AVX512_INLINE void store_sum(std::uint64_t* to, __m512i lanes) {
  const __m512i halves = _mm512_add_epi64(lanes, _mm512_shuffle_i64x2(lanes, lanes, 0x4e));
  const __m512i sums = _mm512_add_epi64(halves, _mm512_shuffle_i64x2(halves, halves, 0xb1));
  _mm_store_si128(reinterpret_cast<__m128i*>(to), _mm512_castsi512_si128(sums));
}

// Two packets of a batch, and where their blocks lie when both end at the same step.
struct Pair {
  const PolyBatch& batch;
  unsigned first;
  std::ptrdiff_t blocks[2];
  std::ptrdiff_t steps;

  // Of the packet's four blocks of this step, from its beginning.
  [[nodiscard]] std::ptrdiff_t offset(unsigned packet, std::ptrdiff_t step) const {
    return kBlockSize * (blocks[packet] - 4 * (steps - step));
  }
};

Pair pair_of(const PolyBatch& batch, unsigned first) {
  Pair pair{batch, first, {}, 0};
  for (unsigned i = 0; i < 2; ++i) {
    const auto size = static_cast<std::ptrdiff_t>(batch.size[first + i]);
    pair.blocks[i] = (size + kBlockSize - 1) / kBlockSize + 1;
    const std::ptrdiff_t steps = (pair.blocks[i] + 3) / 4;
    if (steps > pair.steps) pair.steps = steps;
  }
  return pair;
}

WRING_AVX512_INLINE Limbs any_step(const Pair& pair, std::ptrdiff_t step) {
  const bool last = step == pair.steps - 1;
  const EdgeBlocks a = edge_blocks(pair.batch, pair.first, pair.offset(0, step), last);
  const EdgeBlocks b = edge_blocks(pair.batch, pair.first + 1, pair.offset(1, step), last);
  return blocks_of(a.words, b.words, _mm512_unpackhi_epi64(a.ends, b.ends));
}

// The sums of the packets first and first + 1.
WRING_AVX512_INLINE void add_up(PolyBatch& batch, unsigned first) {
  const Pair pair = pair_of(batch, first);
  const Multiplier r4 = spread(batch.power[3], first);
  const std::ptrdiff_t fewest = pair.blocks[0] < pair.blocks[1] ? pair.blocks[0] : pair.blocks[1];
  // From here on all blocks of both packets are there and full, except in the last step.
  const std::ptrdiff_t full = pair.steps - fewest / 4;

  Limbs sum = any_step(pair, 0);
  for (std::ptrdiff_t step = 1; step < pair.steps; ++step) {
    if (step >= full && step + 2 < pair.steps) {
      const Multiplier r8 = spread(batch.eighth_power, first);
      const __m512i ends = broadcast(kBlockEnd);
      const std::uint8_t* a = batch.data[first] + pair.offset(0, step);
      const std::uint8_t* b = batch.data[first + 1] + pair.offset(1, step);
      for (; step + 2 < pair.steps; step += 2, a += 2 * kStep, b += 2 * kStep) {
        Products next = begin_with(
            blocks_of(_mm512_loadu_si512(a + kStep), _mm512_loadu_si512(b + kStep), ends));
        add_product(next, blocks_of(_mm512_loadu_si512(a), _mm512_loadu_si512(b), ends), r4);
        add_product(next, sum, r8);
        sum = carried(next);
      }
    }
    Products next = begin_with(any_step(pair, step));
    add_product(next, sum, r4);
    sum = carried(next);
  }
  const Limbs all = multiply(sum, falling_powers(batch, first));
  store_sum(&batch.sum[0][first], all.low);
  store_sum(&batch.sum[1][first], all.middle);
  store_sum(&batch.sum[2][first], all.high);
}

WRING_AVX512_INLINE Limbs carried_once(const Limbs& h) {
  const __m512i mask44 = broadcast(kMask44);
  const __m512i middle = _mm512_add_epi64(h.middle, _mm512_srli_epi64(h.low, 44));
  const __m512i high = _mm512_add_epi64(h.high, _mm512_srli_epi64(middle, 44));
  const __m512i past = _mm512_srli_epi64(high, 42);
  const __m512i past5 = _mm512_add_epi64(past, _mm512_slli_epi64(past, 2));
  return {_mm512_add_epi64(_mm512_and_si512(h.low, mask44), past5),
          _mm512_and_si512(middle, mask44), _mm512_and_si512(high, broadcast(kMask42))};
}

// Subtracts 2^130 - 5 where the number is not below it.
WRING_AVX512_INLINE Limbs reduced(const Limbs& h) {
  const __m512i mask44 = broadcast(kMask44);
  const __m512i low = _mm512_add_epi64(h.low, broadcast(5));
  const __m512i middle = _mm512_add_epi64(h.middle, _mm512_srli_epi64(low, 44));
  const __m512i high = _mm512_add_epi64(h.high, _mm512_srli_epi64(middle, 44));
  const __mmask8 too_great = _mm512_cmpgt_epu64_mask(high, broadcast(kMask42));
  return {_mm512_mask_and_epi64(h.low, too_great, low, mask44),
          _mm512_mask_and_epi64(h.middle, too_great, middle, mask44),
          _mm512_mask_and_epi64(h.high, too_great, high, broadcast(kMask42))};
}

// The last reduction and the addition of the key's second half, modulo 2^128. Lane i is packet i.
WRING_AVX512_INLINE void make_tags(PolyBatch& batch) {
  // Three times: the first carry leaves at most a few units above 2^130, the others carry those on.
  const Limbs h = reduced(carried_once(carried_once(carried_once(load_limbs(batch.sum)))));
  const Words added = half_keys(batch, 2);
  const __m512i low =
      _mm512_add_epi64(_mm512_or_si512(h.low, _mm512_slli_epi64(h.middle, 44)), added.low);
  const __mmask8 carry = _mm512_cmplt_epu64_mask(low, added.low);
  __m512i high = _mm512_or_si512(_mm512_srli_epi64(h.middle, 20), _mm512_slli_epi64(h.high, 24));
  high = _mm512_add_epi64(high, added.high);
  high = _mm512_mask_add_epi64(high, carry, high, broadcast(1));
  const __m512i places = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
  const __m512i later_places = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
  _mm512_store_si512(batch.tag[0], _mm512_permutex2var_epi64(low, places, high));
  _mm512_store_si512(batch.tag[4], _mm512_permutex2var_epi64(low, later_places, high));
}

}  // namespace

[[WRING_AVX512]] void poly1305_lanes(PolyBatch& batch, unsigned count) {
  make_powers(batch);
  for (unsigned first = 0; first < count; first += 2)
    add_up(batch, first);
  make_tags(batch);
}

}  // namespace wring
