// Curve25519 products in numbers: what many handshakes want at a time costs a seventh of what it
// costs one by one, where the processor has AVX-512 (x25519_lanes.h).
#pragma once

#include <span>

#include "crypto/keys.h"

namespace wring {

// DH(ours, theirs) of [WG] 5.4, to be computed. Points to where its parts stand, which stay there
// until it has been.
struct Agreement {
  const PrivateKey* ours;
  const Bytes<32>* theirs;  // a public key
  // All zeros for a key of low order: whoever wants it refuses that (P17).
  SharedSecret* secret;
};

// The point whose product is the public key.
inline constexpr Bytes<32> kBasePoint{9};

// Computes all of them, in constant time, on the calling thread. Any thread.
void agree(std::span<const Agreement> agreements);

// Whether this processor computes them in lanes, and gave the right answers when it was asked
// first. Any thread.
[[nodiscard]] bool agrees_in_lanes();

}  // namespace wring
