// ChaCha20 (RFC 8439, 2.4) on 16 blocks at once, one in each 32-bit lane of an AVX-512 register:
// any blocks of any packets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/keystream.h"

namespace wring {

inline constexpr unsigned kChaChaLanes = 16;

// Working memory of chacha20_lanes(). It holds keys afterwards: wipe it.
struct alignas(64) ChaChaScratch {
  std::uint32_t initial[16][kChaChaLanes];
  // Where each lane reads and writes, and which bytes of its block there are. Twice as long as
  // there are lanes, so that a run can be written without checking where the lanes end.
  const std::uint8_t* in[2 * kChaChaLanes];
  std::uint8_t* out[2 * kChaChaLanes];
  std::uint64_t mask[2 * kChaChaLanes];
  std::uint8_t idle[kChaChaBlock];
};

// Does all runs, which together are of 1 to kChaChaLanes blocks. Needs has_avx512_ifma().
void chacha20_lanes(ChaChaScratch& scratch, const KeystreamRun* runs, std::size_t count);

}  // namespace wring
