// ChaCha20 of several packets at once in the compiler's vectors: one source for NEON and AVX2.
#include "crypto/chacha20_narrow.h"

#include <algorithm>
#include <cstring>
#include <utility>

#ifdef __ARM_NEON
#include <arm_neon.h>
#endif

// As avx512.h does it: each function asks for what it needs, not its file.
#ifdef WRING_X86_64
#define WRING_NARROW gnu::target("avx2")
#else
#define WRING_NARROW
#endif
#define WRING_NARROW_INLINE [[gnu::always_inline, WRING_NARROW]] inline

namespace wring {
namespace {

constexpr std::size_t kWidth = sizeof(std::uint32_t) * kNarrowLanes;
using Words = std::uint32_t __attribute__((vector_size(kWidth)));
using Octets = std::uint8_t __attribute__((vector_size(kWidth)));
using Lanes = std::make_index_sequence<kNarrowLanes>;

// Word by word, so that no copy of the key is left on the stack.
std::uint32_t word_of_key(const KeystreamRun& run, std::size_t i) {
  std::uint32_t word = 0;
  std::memcpy(&word, run.key + 4 * i, sizeof word);
  return word;
}

// One block after the other, each with a lane of its own.
void set_up(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count) {
  constexpr std::uint32_t kConstants[4]{0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  auto& initial = scratch.initial;
  for (std::size_t i = 0; i < 4; ++i)
    std::fill_n(initial[i], kNarrowLanes, kConstants[i]);
  for (std::size_t i = 0; i < 8; ++i)
    std::fill_n(initial[4 + i], kNarrowLanes, word_of_key(*runs, i));
  std::fill_n(initial[13], kNarrowLanes, 0U);
  std::size_t lane = 0;
  for (const KeystreamRun* run = runs; run != runs + count; ++run) {
    const bool own_key = run->key != runs->key;
    for (std::uint32_t block = 0; block < run->blocks; ++block, ++lane) {
      initial[12][lane] = run->first_block + block;
      initial[14][lane] = static_cast<std::uint32_t>(run->nonce);
      initial[15][lane] = static_cast<std::uint32_t>(run->nonce >> 32);
      if (!own_key) continue;
      for (std::size_t i = 0; i < 8; ++i)
        initial[4 + i][lane] = word_of_key(*run, i);
    }
  }
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

// The keystreams of all lanes, one block behind the other.
[[WRING_NARROW]] void make_stream(NarrowScratch& scratch) {
  Words x[16];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i)
    std::memcpy(&x[i], scratch.initial[i], kWidth);
  for (int i = 0; i < 10; ++i)
    double_round(x);
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16; ++i) {
    Words initial;
    std::memcpy(&initial, scratch.initial[i], kWidth);
    x[i] += initial;
  }
  // From word i of all blocks to all words of a block: quarter q of x[i + j] has the words from i
  // on of block 4 q + j.
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 16; i += 4) {
    transpose(x[i], x[i + 1], x[i + 2], x[i + 3]);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < 4; ++j) {
#pragma GCC unroll 2
      for (std::size_t quarter = 0; quarter < kNarrowLanes / 4; ++quarter) {
        std::memcpy(scratch.stream + (4 * quarter + j) * kChaChaBlock + 4 * i,
                    reinterpret_cast<const std::uint8_t*>(&x[i + j]) + 16 * quarter, 16);
      }
    }
  }
}

[[WRING_NARROW]] void add_stream(const std::uint8_t* stream, const KeystreamRun& run) {
  std::size_t at = 0;
  for (; at + kWidth <= run.size; at += kWidth) {
    Octets in;
    Octets key;
    std::memcpy(&in, run.in + at, kWidth);
    std::memcpy(&key, stream + at, kWidth);
    in ^= key;
    std::memcpy(run.out + at, &in, kWidth);
  }
  for (; at < run.size; ++at)
    run.out[at] = run.in[at] ^ stream[at];
}

}  // namespace

void chacha20_narrow(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count) {
  set_up(scratch, runs, count);
  make_stream(scratch);
  const std::uint8_t* stream = scratch.stream;
  for (const KeystreamRun* run = runs; run != runs + count; ++run) {
    add_stream(stream, *run);
    stream += run->blocks * kChaChaBlock;
  }
}

}  // namespace wring
