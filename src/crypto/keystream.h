// What the lanes of a vector cipher have to do: successive blocks of a packet's ChaCha20.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring {

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

}  // namespace wring
