// X25519 (RFC 7748) for up to eight key pairs at once, one in each lane of AVX-512 registers.
#pragma once

#include <cstddef>
#include <span>

#include "base/bytes.h"

namespace wring {

inline constexpr std::size_t kX25519Lanes = 8;

// One product, of 32 bytes each: `product` becomes X25519(scalar, point), all zeros for a point of
// low order. The scalar is clamped as RFC 7748 section 5 says; any 32 bytes are a point.
struct X25519Lane {
  ByteSpan scalar;
  ByteSpan point;
  MutByteSpan product;
};

// Computes one to kX25519Lanes products, in the time of eight. Constant time: neither scalars nor
// points decide what is executed or where memory is touched. Only where has_avx512_ifma()
// (avx512.h) is true. Any thread.
void x25519_lanes(std::span<const X25519Lane> lanes);

}  // namespace wring
