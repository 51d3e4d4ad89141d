// ChaCha20 (RFC 8439, 2.4) on several blocks at once, any blocks of any packets, in the vectors
// that every arm64 processor has (NEON, four lanes of 32 bits) or in those of AVX2 (eight).
#pragma once

#include <cstddef>
#include <cstdint>

#include "crypto/keystream.h"
#include "crypto/poly1305_narrow.h"

namespace wring {

#ifdef WRING_X86_64
inline constexpr unsigned kNarrowLanes = 8;
#else
inline constexpr unsigned kNarrowLanes = 4;
#endif

// Working memory of chacha20_narrow(). It holds keys and keystream afterwards: wipe it.
struct alignas(4 * kNarrowLanes) NarrowScratch {
  std::uint32_t initial[16][kNarrowLanes];
  // Where each lane reads and writes a whole block.
  const std::uint8_t* in[kNarrowLanes];
  std::uint8_t* out[kNarrowLanes];
  // The keystream of lanes whose block is not whole.
  std::uint8_t edge[kNarrowLanes * kChaChaBlock];
};

// Does all runs, which together are of 1 to kNarrowLanes blocks. Meanwhile it works on `beside`,
// because multiplications keep other parts of a processor busy than vectors do. On x86-64 it needs
// has_narrow().
void chacha20_narrow(NarrowScratch& scratch, const KeystreamRun* runs, std::size_t count,
                     PolyRun& beside);

}  // namespace wring
