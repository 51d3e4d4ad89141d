// Poly1305 (RFC 8439, 2.5 and 2.8) over up to eight packets at once, by the 52-bit multiplications
// of AVX-512 IFMA.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring {

inline constexpr unsigned kPolyPackets = 8;

// The ciphertexts, their one-time keys and their tags, each at the same place. Unused
// places hold anything, but point to readable bytes. It holds keys: wipe it.
struct alignas(64) PolyBatch {
  const std::uint8_t* data[kPolyPackets];
  std::size_t size[kPolyPackets];
  alignas(64) std::uint8_t key[kPolyPackets][32];
  alignas(64) std::uint8_t tag[kPolyPackets][16];
  // Working memory: the powers of each key's multiplier and the sums before the last reduction, in
  // limbs.
  alignas(64) std::uint64_t power[4][3][kPolyPackets];  // the first to the fourth
  alignas(64) std::uint64_t eighth_power[3][kPolyPackets];
  alignas(64) std::uint64_t sum[3][kPolyPackets];
};

// The tags of the first `count` packets, without associated data. Needs has_avx512_ifma().
void poly1305_lanes(PolyBatch& batch, unsigned count);

}  // namespace wring
