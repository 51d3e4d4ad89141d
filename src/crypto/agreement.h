// Curve25519 products of many handshakes at a time. On a processor with AVX-512 each costs a
// seventh of a product that is computed alone, on one with AVX2 two thirds (x25519_lanes.h).
#pragma once

#include <span>

#include "crypto/keys.h"

namespace wring {

// One DH(ours, theirs) of [WG] 5.4 to compute. The pointers stay valid until it has been computed.
struct Agreement {
  const PrivateKey* ours;
  const Bytes<32>* theirs;  // a public key
  // All zeros for a key of low order. The caller refuses that (P17).
  SharedSecret* secret;
};

// The point whose product is the public key.
inline constexpr Bytes<32> kBasePoint{9};

// Computes all of them, in constant time, on the calling thread. Any thread.
void agree(std::span<const Agreement> agreements);

// Returns whether this processor computes them in lanes and gave the right answers in a first test.
// Any thread.
[[nodiscard]] bool agrees_in_lanes();

}  // namespace wring
