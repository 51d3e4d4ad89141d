// ChaCha20 (RFC 8439, 2.4) on several blocks at once, any blocks of any packets, in the vectors
// that every arm64 processor has (NEON, four lanes of 32 bits) or in those of AVX2 (eight).
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/keystream.h"

namespace wring {

#ifdef WRING_X86_64
inline constexpr unsigned kNarrowLanes = 8;
#else
inline constexpr unsigned kNarrowLanes = 4;
#endif

// Working memory of chacha20_narrow(). It holds keys and keystream afterwards: wipe it.
struct alignas(4 * kNarrowLanes) NarrowScratch {
  std::uint32_t initial[16][kNarrowLanes];
  std::uint8_t stream[kNarrowLanes * kChaChaBlock];
};

// Does all runs, which together are of 1 to kNarrowLanes blocks. On x86-64 it needs AVX2.
void chacha20_narrow(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count);

}  // namespace wring
