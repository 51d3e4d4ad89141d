// ChaCha20 (RFC 8439, 2.4) on 16 blocks at once, one in each 32-bit lane of an AVX-512 register:
// any blocks of any packets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring {

inline constexpr unsigned kChaChaLanes = 16;
inline constexpr std::size_t kChaChaBlock = 64;

// Successive blocks of one packet's keystream, added to `size` bytes; only the last block may be
// short. `in` is `out` or does not overlap it.
struct KeystreamRun {
  const std::uint8_t* key = nullptr;  // 32 bytes
  std::uint64_t nonce = 0;            // the upper 64 of 96 bits, the others are zero
  std::uint32_t first_block = 0;
  std::uint32_t blocks = 0;
  const std::uint8_t* in = nullptr;
  std::uint8_t* out = nullptr;
  std::size_t size = 0;
};

// Working memory of chacha20_lanes(). It holds keys afterwards: wipe it.
struct alignas(64) ChaChaScratch {
  std::uint32_t initial[16][kChaChaLanes];
  // Where each lane reads and writes, and which bytes of its block there are. Twice as long as
  // there are lanes, so that a run may be written without a look at where the lanes end.
  const std::uint8_t* in[2 * kChaChaLanes];
  std::uint8_t* out[2 * kChaChaLanes];
  std::uint64_t mask[2 * kChaChaLanes];
  std::uint8_t idle[kChaChaBlock];
};

// Does all runs, which together are of 1 to kChaChaLanes blocks. Needs has_avx512_ifma().
void chacha20_lanes(ChaChaScratch& scratch, const KeystreamRun* runs, std::size_t count);

}  // namespace wring
