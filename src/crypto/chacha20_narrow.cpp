// ChaCha20 of several packets at once in the compiler's vectors: one source for NEON and AVX2.
#include "crypto/chacha20_narrow.h"

#include <cstring>
#include <utility>

#include "crypto/lane_filler.h"
#include "crypto/narrow.h"

#ifdef __ARM_NEON
#include <arm_neon.h>
#endif

namespace wring {
namespace {

constexpr std::size_t kWidth = sizeof(std::uint32_t) * kNarrowLanes;
using Words = std::uint32_t __attribute__((vector_size(kWidth)));
using Octets = std::uint8_t __attribute__((vector_size(kWidth)));
using Lanes = std::make_index_sequence<kNarrowLanes>;

// Word by word, so that no copy of the key is left on the stack.
WRING_NARROW_INLINE Words word_of_key(const KeystreamRun& run, std::size_t i) {
  std::uint32_t word = 0;
  std::memcpy(&word, run.key + 4 * i, sizeof word);
  return word - Words{};
}

template <std::size_t... kAt>
WRING_NARROW_INLINE Words lane_numbers(std::index_sequence<kAt...>) {
  return Words{kAt...};
}

WRING_NARROW_INLINE Words loaded(const void* from) {
  Words words;
  std::memcpy(&words, from, sizeof words);
  return words;
}

WRING_NARROW_INLINE void keep(std::uint32_t* to, const Words& words) {
  std::memcpy(to, &words, sizeof words);
}

// `words` with `word` in the lanes of the mask.
WRING_NARROW_INLINE Words with_lanes(const Words& words, const Words& mask, const Words& word) {
  return (words & ~mask) | (word & mask);
}

// Where the lanes from `lane` on read and write. A block that is not whole goes to the edge.
void set_places(NarrowScratch& scratch, std::size_t lane, const KeystreamRun& run) {
  for (std::size_t block = 0; block < run.blocks; ++block, ++lane) {
    const bool whole = (block + 1) * kChaChaBlock <= run.size;
    scratch.in[lane] = whole ? run.in + block * kChaChaBlock : kZeroBlock;
    scratch.out[lane] = whole ? run.out + block * kChaChaBlock : scratch.edge + lane * kChaChaBlock;
  }
}

// One block after the other, each with a lane of its own.
[[WRING_NARROW]] void set_up(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count) {
  constexpr std::uint32_t kConstants[4]{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  const Words numbers = lane_numbers(Lanes());
  auto& initial = scratch.initial;
  for (std::size_t i = 0; i < 4; ++i)
    keep(initial[i], kConstants[i] - Words{});
  for (std::size_t i = 0; i < 8; ++i)
    keep(initial[4 + i], word_of_key(*runs, i));
  Words block{};
  Words nonce_low{};
  Words nonce_high{};
  std::uint32_t lane = 0;
  for (const KeystreamRun* run = runs; run != runs + count; ++run) {
    const auto mask = reinterpret_cast<Words>(numbers >= lane);
    block = with_lanes(block, mask, numbers + (run->first_block - lane));
    nonce_low = with_lanes(nonce_low, mask, static_cast<std::uint32_t>(run->nonce) - Words{});
    nonce_high =
        with_lanes(nonce_high, mask, static_cast<std::uint32_t>(run->nonce >> 32) - Words{});
    if (run != runs && run->key != run[-1].key) {
      for (std::size_t i = 0; i < 8; ++i)
        keep(initial[4 + i], with_lanes(loaded(initial[4 + i]), mask, word_of_key(*run, i)));
    }
    set_places(scratch, lane, *run);
    lane += run->blocks;
  }
  for (; lane < kNarrowLanes; ++lane) {
    scratch.in[lane] = kZeroBlock;
    scratch.out[lane] = scratch.edge + lane * kChaChaBlock;
  }
  keep(initial[12], block);
  keep(initial[13], Words{});
  keep(initial[14], nonce_low);
  keep(initial[15], nonce_high);
}

// Octet j of each word comes from octet (j + kFrom) % 4.
template <std::size_t kFrom, std::size_t... kAt>
WRING_NARROW_INLINE Words rotated_octets(const Words& x, std::index_sequence<kAt...>) {
  const auto octets = reinterpret_cast<const Octets&>(x);
  const Octets turned =
      __builtin_shufflevector(octets, octets, (kAt / 4 * 4 + (kAt + kFrom) % 4)...);
  return reinterpret_cast<const Words&>(turned);
}

template <int kBits>
WRING_NARROW_INLINE Words rotated(const Words& x) {
  if constexpr (kBits == 16) return rotated_octets<2>(x, std::make_index_sequence<kWidth>());
  if constexpr (kBits == 8) return rotated_octets<3>(x, std::make_index_sequence<kWidth>());
#ifdef __ARM_NEON
  // The compiler would take three instructions.
  return reinterpret_cast<Words>(vsriq_n_u32(vshlq_n_u32(reinterpret_cast<uint32x4_t>(x), kBits),
                                             reinterpret_cast<uint32x4_t>(x), 32 - kBits));
#else
  return (x << kBits) | (x >> (32 - kBits));
#endif
}

// RFC 8439, 2.1.
WRING_NARROW_INLINE void quarter_round(Words& a, Words& b, Words& c, Words& d) {
  a += b;
  d = rotated<16>(d ^ a);
  c += d;
  b = rotated<12>(b ^ c);
  a += b;
  d = rotated<8>(d ^ a);
  c += d;
  b = rotated<7>(b ^ c);
}

// RFC 8439, 2.3.1: a column round and a diagonal round.
WRING_NARROW_INLINE void double_round(Words (&x)[16]) {
  quarter_round(x[0], x[4], x[8], x[12]);
  quarter_round(x[1], x[5], x[9], x[13]);
  quarter_round(x[2], x[6], x[10], x[14]);
  quarter_round(x[3], x[7], x[11], x[15]);
  quarter_round(x[0], x[5], x[10], x[15]);
  quarter_round(x[1], x[6], x[11], x[12]);
  quarter_round(x[2], x[7], x[8], x[13]);
  quarter_round(x[3], x[4], x[9], x[14]);
}

// Of each quarter of a and b by turns: two words of each from kFirst on, as single words or as a
// pair.
template <std::size_t kFirst, bool kPairs, std::size_t... kAt>
WRING_NARROW_INLINE Words zipped(const Words& a, const Words& b, std::index_sequence<kAt...>) {
  return __builtin_shufflevector(a, b,
                                 (kAt / 4 * 4 + kFirst + (kPairs ? kAt % 2 : kAt % 4 / 2) +
                                  ((kPairs ? kAt % 4 / 2 : kAt % 2) != 0 ? kNarrowLanes : 0))...);
}

// Within each quarter of four vectors: rows become columns.
WRING_NARROW_INLINE void transpose(Words& a, Words& b, Words& c, Words& d) {
  const Words ab_low = zipped<0, false>(a, b, Lanes());
  const Words ab_high = zipped<2, false>(a, b, Lanes());
  const Words cd_low = zipped<0, false>(c, d, Lanes());
  const Words cd_high = zipped<2, false>(c, d, Lanes());
  a = zipped<0, true>(ab_low, cd_low, Lanes());
  b = zipped<2, true>(ab_low, cd_low, Lanes());
  c = zipped<0, true>(ab_high, cd_high, Lanes());
  d = zipped<2, true>(ab_high, cd_high, Lanes());
}

// The words from `word` on of a lane's block.
WRING_NARROW_INLINE void add_words(const NarrowScratch& scratch, std::size_t lane, std::size_t word,
                                   const Words& keystream) {
  const Words sum = loaded(scratch.in[lane] + 4 * word) ^ keystream;
  std::memcpy(scratch.out[lane] + 4 * word, &sum, sizeof sum);
}

// From word i of all blocks to all words of a block, which then are added to what the lanes read.
// In between, quarter q of x[i + j] has the words from i on of block 4 q + j.
WRING_NARROW_INLINE void add_keystream(const NarrowScratch& scratch, Words (&x)[16]) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 16; i += 4)
    transpose(x[i], x[i + 1], x[i + 2], x[i + 3]);
#pragma GCC unroll 4
  for (std::size_t j = 0; j < 4; ++j) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 16; i += kNarrowLanes) {
#ifdef WRING_X86_64
      const Words& a = x[i + j];
      const Words& b = x[i + 4 + j];
      add_words(scratch, j, i, __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11));
      add_words(scratch, 4 + j, i, __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15));
#else
      add_words(scratch, j, i, x[i + j]);
#endif
    }
  }
}

// The blocks of all lanes, and beside each double round a step of a packet's tag.
[[WRING_NARROW]] void do_lanes(const NarrowScratch& scratch, PolyRun& beside) {
  Words x[16];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i)
    x[i] = loaded(scratch.initial[i]);
  PolyRun run = beside;  // in registers
  for (int i = 0; i < 10; ++i) {
    double_round(x);
    run.step();
  }
  beside = run;
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i)
    x[i] += loaded(scratch.initial[i]);
  add_keystream(scratch, x);
}

// What is left of a run behind its whole blocks.
[[WRING_NARROW]] void add_edge(const std::uint8_t* edge, const KeystreamRun& run) {
  const std::size_t whole = run.size / kChaChaBlock * kChaChaBlock;
  const std::size_t size = run.size - whole;
  const std::uint8_t* in = run.in + whole;
  std::uint8_t* out = run.out + whole;
  std::size_t at = 0;
  for (; at + kWidth <= size; at += kWidth) {
    const Words sum = loaded(in + at) ^ loaded(edge + at);
    std::memcpy(out + at, &sum, sizeof sum);
  }
  for (; at < size; ++at)
    out[at] = in[at] ^ edge[at];
}

}  // namespace

void chacha20_narrow(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count,
                     PolyRun& beside) {
  set_up(scratch, runs, count);
  do_lanes(scratch, beside);
  std::size_t lane = 0;
  for (const KeystreamRun* run = runs; run != runs + count; ++run) {
    lane += run->blocks;
    if (run->size < run->blocks * kChaChaBlock)
      add_edge(scratch.edge + (lane - 1) * kChaChaBlock, *run);
  }
}

}  // namespace wring
