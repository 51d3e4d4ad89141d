// Explicit congestion notification across the tunnel (P24, RFC 6040): a router that marks the outer
// packet must be heard by the inner flow. DSCP stays out of it: the two differ on purpose.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace wring {

inline constexpr unsigned kEcnBits = 2;
inline constexpr std::uint8_t kEcnMask = 0x03;
inline constexpr std::uint8_t kEcnNotEct = 0x00;
inline constexpr std::uint8_t kEcnEct1 = 0x01;
inline constexpr std::uint8_t kEcnCe = 0x03;

// The outer TOS or traffic class of a data message whose inner packet carries the codepoint
// `inner_ecn` (RFC 6040 4.1, normal mode).
constexpr std::uint8_t ecn_encapsulate(std::uint8_t inner_ecn) {
  return inner_ecn & kEcnMask;
}

// Merges the outer codepoint into the packet's header (RFC 6040 4.2) and mends the checksum of
// version 4. `packet` has passed inspect(). False if it must be dropped: a CE mark over an inner
// packet that cannot carry it.
[[nodiscard]] bool ecn_decapsulate(MutByteSpan packet, std::uint8_t outer_tos);

}  // namespace wring
