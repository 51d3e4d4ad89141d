// ChaCha20 of several packets at once in AVX-512 lanes.
#include "crypto/chacha20_lanes.h"

#include "crypto/avx512.h"

namespace wring {
namespace {

WRING_AVX512_INLINE __m512i broadcast(std::uint32_t word) {
  return _mm512_set1_epi32(static_cast<int>(word));
}

WRING_AVX512_INLINE __m512i with_lanes(__m512i vector, __mmask16 lanes, std::uint32_t word) {
  return _mm512_mask_set1_epi32(vector, lanes, static_cast<int>(word));
}

WRING_AVX512_INLINE std::uint32_t word_at(const std::uint8_t* bytes, std::size_t index) {
  std::uint32_t word;
  __builtin_memcpy(&word, bytes + 4 * index, sizeof word);
  return word;
}

// The same number for as many lanes as a run may have.
template <typename Word>
WRING_AVX512_INLINE void store_16(Word* to, __m512i low, __m512i high) {
  static_assert(sizeof(Word) == 8);
  _mm512_storeu_si512(to, low);
  _mm512_storeu_si512(to + 8, high);
}

// The places of successive blocks in the lanes from `lane` on. All 16 that may follow are written,
// because the next run overwrites the surplus.
template <typename Byte>
WRING_AVX512_INLINE void set_places(Byte* (&places)[2 * kChaChaLanes], std::uint32_t lane,
                                    const void* begin) {
  const __m512i offsets = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
  const auto address = static_cast<long long>(reinterpret_cast<std::uintptr_t>(begin));
  const __m512i low = _mm512_add_epi64(_mm512_set1_epi64(address), offsets);
  store_16(places + lane, low, _mm512_add_epi64(low, _mm512_set1_epi64(512)));
}

// The states of RFC 8439, 2.3, one lane for each block, and where the lanes read and write. Most
// batches have one key. Then it is broadcast only once.
WRING_AVX512_INLINE void set_up(ChaChaScratch& scratch, const KeystreamRun* runs,
                                std::size_t count) {
  constexpr std::uint32_t kConstants[4]{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  const __m512i all_ones = _mm512_set1_epi64(-1);
  __m512i key[8];
  WRING_UNROLL
  for (std::size_t i = 0; i < 8; ++i)
    key[i] = broadcast(word_at(runs->key, i));
  __m512i block = _mm512_setzero_si512();
  __m512i nonce_low = block;
  __m512i nonce_high = block;
  std::uint32_t lane = 0;
  for (const KeystreamRun* run = runs; run != runs + count; ++run) {
    const auto lanes = static_cast<__mmask16>(((1U << run->blocks) - 1) << lane);
    if (run->key != runs->key) {
      WRING_UNROLL
      for (std::size_t i = 0; i < 8; ++i)
        key[i] = with_lanes(key[i], lanes, word_at(run->key, i));
    }
    block = with_lanes(block, lanes, run->first_block - lane);
    nonce_low = with_lanes(nonce_low, lanes, static_cast<std::uint32_t>(run->nonce));
    nonce_high = with_lanes(nonce_high, lanes, static_cast<std::uint32_t>(run->nonce >> 32));
    set_places(scratch.in, lane, run->in);
    set_places(scratch.out, lane, run->out);
    store_16(scratch.mask + lane, all_ones, all_ones);
    lane += run->blocks;
    const std::size_t missing = run->blocks * kChaChaBlock - run->size;
    scratch.mask[lane - 1] = ~std::uint64_t{0} >> missing;
  }
  // Idle lanes get a place of their own, because even a store with an empty mask is slow if it
  // points to memory that may not be written.
  const auto idle = static_cast<long long>(reinterpret_cast<std::uintptr_t>(scratch.idle));
  store_16(scratch.in + lane, _mm512_set1_epi64(idle), _mm512_set1_epi64(idle));
  store_16(scratch.out + lane, _mm512_set1_epi64(idle), _mm512_set1_epi64(idle));
  store_16(scratch.mask + lane, _mm512_setzero_si512(), _mm512_setzero_si512());

  const __m512i lane_number =
      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  WRING_UNROLL
  for (std::size_t i = 0; i < 4; ++i)
    _mm512_store_si512(scratch.initial[i], broadcast(kConstants[i]));
  WRING_UNROLL
  for (std::size_t i = 0; i < 8; ++i)
    _mm512_store_si512(scratch.initial[4 + i], key[i]);
  _mm512_store_si512(scratch.initial[12], _mm512_add_epi32(block, lane_number));
  _mm512_store_si512(scratch.initial[13], _mm512_setzero_si512());
  _mm512_store_si512(scratch.initial[14], nonce_low);
  _mm512_store_si512(scratch.initial[15], nonce_high);
}

// RFC 8439, 2.1, on 16 blocks.
WRING_AVX512_INLINE void quarter_round(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
  a = _mm512_add_epi32(a, b);
  d = _mm512_rol_epi32(_mm512_xor_si512(d, a), 16);
  c = _mm512_add_epi32(c, d);
  b = _mm512_rol_epi32(_mm512_xor_si512(b, c), 12);
  a = _mm512_add_epi32(a, b);
  d = _mm512_rol_epi32(_mm512_xor_si512(d, a), 8);
  c = _mm512_add_epi32(c, d);
  b = _mm512_rol_epi32(_mm512_xor_si512(b, c), 7);
}

// RFC 8439, 2.3.1: a column round and a diagonal round.
WRING_AVX512_INLINE void double_round(__m512i (&x)[16]) {
  quarter_round(x[0], x[4], x[8], x[12]);
  quarter_round(x[1], x[5], x[9], x[13]);
  quarter_round(x[2], x[6], x[10], x[14]);
  quarter_round(x[3], x[7], x[11], x[15]);
  quarter_round(x[0], x[5], x[10], x[15]);
  quarter_round(x[1], x[6], x[11], x[12]);
  quarter_round(x[2], x[7], x[8], x[13]);
  quarter_round(x[3], x[4], x[9], x[14]);
}

// Within each quarter of four registers: rows become columns.
WRING_AVX512_INLINE void transpose_words(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
  const __m512i ab_low = _mm512_unpacklo_epi32(a, b);
  const __m512i ab_high = _mm512_unpackhi_epi32(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi32(c, d);
  const __m512i cd_high = _mm512_unpackhi_epi32(c, d);
  a = _mm512_unpacklo_epi64(ab_low, cd_low);
  b = _mm512_unpackhi_epi64(ab_low, cd_low);
  c = _mm512_unpacklo_epi64(ab_high, cd_high);
  d = _mm512_unpackhi_epi64(ab_high, cd_high);
}

// The same with whole quarters in the place of words.
WRING_AVX512_INLINE void transpose_quarters(__m512i& a, __m512i& b, __m512i& c, __m512i& d) {
  const __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44);
  const __m512i ab_high = _mm512_shuffle_i32x4(a, b, 0xee);
  const __m512i cd_low = _mm512_shuffle_i32x4(c, d, 0x44);
  const __m512i cd_high = _mm512_shuffle_i32x4(c, d, 0xee);
  a = _mm512_shuffle_i32x4(ab_low, cd_low, 0x88);
  b = _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd);
  c = _mm512_shuffle_i32x4(ab_high, cd_high, 0x88);
  d = _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd);
}

WRING_AVX512_INLINE void add_keystream(const ChaChaScratch& scratch, unsigned lane,
                                       __m512i keystream) {
  const __mmask64 mask = scratch.mask[lane];
  const __m512i in = _mm512_maskz_loadu_epi8(mask, scratch.in[lane]);
  _mm512_mask_storeu_epi8(scratch.out[lane], mask, _mm512_xor_si512(in, keystream));
}

}  // namespace

[[WRING_AVX512]] void chacha20_lanes(ChaChaScratch& scratch, const KeystreamRun* runs,
                                     std::size_t count) {
  set_up(scratch, runs, count);
  // Both are wanted at the end of the rounds, and may be in the second-level cache now.
  WRING_UNROLL
  for (std::size_t i = 0; i < kChaChaLanes; ++i) {
    __builtin_prefetch(scratch.in[i], 0);
    __builtin_prefetch(scratch.out[i], 1);
  }
  __m512i x[16];
  WRING_UNROLL
  for (std::size_t i = 0; i < 16; ++i)
    x[i] = _mm512_load_si512(scratch.initial[i]);
  for (int i = 0; i < 10; ++i)
    double_round(x);
  WRING_UNROLL
  for (std::size_t i = 0; i < 16; ++i)
    x[i] = _mm512_add_epi32(x[i], _mm512_load_si512(scratch.initial[i]));
  // From word i of all blocks to all words of a block.
  WRING_UNROLL
  for (std::size_t i = 0; i < 16; i += 4)
    transpose_words(x[i], x[i + 1], x[i + 2], x[i + 3]);
  // Now x[4 * i + j] has the words 4 * i and up of the blocks j, j + 4, j + 8 and j + 12.
  WRING_UNROLL
  for (unsigned j = 0; j < 4; ++j) {
    transpose_quarters(x[j], x[4 + j], x[8 + j], x[12 + j]);
    add_keystream(scratch, j, x[j]);
    add_keystream(scratch, 4 + j, x[4 + j]);
    add_keystream(scratch, 8 + j, x[8 + j]);
    add_keystream(scratch, 12 + j, x[12 + j]);
  }
}

}  // namespace wring
