// X25519 (RFC 7748) for up to four key pairs at once, one in each lane of AVX2 registers.
#pragma once

#include <cstddef>
#include <span>

#include "crypto/x25519_lanes.h"

namespace wring {

inline constexpr std::size_t kX25519NarrowLanes = 4;

// As x25519_lanes(), for one to kX25519NarrowLanes products, on a processor with AVX2.
void x25519_narrow(std::span<const X25519Lane> lanes);

}  // namespace wring
