// Explicit congestion notification across the tunnel (P24, RFC 6040): if a router marks the outer
// packet, the inner flow must hear of it. DSCP is not copied: inner and outer differ on purpose.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "ip/ip_packet.h"

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

// As ecn_decapsulate(), where the outer codepoint is ECT(1) or CE.
[[nodiscard]] bool ecn_merge(MutByteSpan packet, IpView ip, std::uint8_t outer_ecn);

// Merges the outer codepoint into the packet's header (RFC 6040 4.2) and corrects the checksum of
// version 4. `ip` is the view of the packet. False if the packet must be dropped: a CE mark came
// over an inner packet that cannot carry it.
[[nodiscard]] inline bool ecn_decapsulate(MutByteSpan packet, IpView ip, std::uint8_t outer_tos) {
  // Not-ECT and ECT(0) change no inner codepoint.
  return (outer_tos & kEcnEct1) == 0 || ecn_merge(packet, ip, outer_tos & kEcnMask);
}

}  // namespace wring
