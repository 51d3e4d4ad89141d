// The answer to a sender on the TUN's side whose packet no peer takes (P23).
#pragma once

#include <cstddef>

#include "base/bytes.h"

namespace wring {

// Holds any answer: RFC 1812 4.3.2.3 limits it to 576 bytes, RFC 4443 2.4 (c) to 1280.
inline constexpr std::size_t kMaxIcmpError = 1280;

// Writes a whole IP packet with an ICMP destination unreachable (host unreachable; for IPv6,
// address unreachable) in answer to `packet`, and returns its size. Returns 0 where RFC 1122 3.2.2
// and RFC 4443 2.4 (e) forbid an answer: to an ICMP error, a multicast or broadcast destination, a
// source that is no single host, a fragment other than the first, or bytes that are no IP packet.
// The caller limits how often answers are sent.
//
// The answer comes from the address that could not be reached, because the tunnel does not know
// which addresses its interface has. It passes even a strict reverse path filter: the route to this
// address leads through this interface.
[[nodiscard]] std::size_t make_unreachable(ByteSpan packet,
                                           std::span<std::uint8_t, kMaxIcmpError> out);

}  // namespace wring
