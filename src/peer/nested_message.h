// WireGuard messages as payload of inner packets. Such a packet is another tunnel that runs through
// this one, or this tunnel's own message that the routing table has led back into it. See
// docs/decisions/0026-routing-loops.md.
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "ip/endpoint.h"
#include "ip/ip_header.h"
#include "ip/ip_packet.h"
#include "ip/transport_header.h"
#include "noise/messages.h"

namespace wring {

class Session;

// A message that carries another one leaves with a hop limit that is lower than the inner one by
// this much. 64 is the usual start, so a chain of tunnels is at most 8 long.
inline constexpr unsigned kHopsForNesting = 8;
// An outer hop limit from here on is left to the system, whose default is 64.
inline constexpr unsigned kUsualHopLimit = 64;

// True if the payload of the UDP packet, whose header begins at `udp`, begins like a message.
inline bool is_message_at(ByteSpan packet, std::size_t udp) {
  const std::size_t at = udp + sizeof(UdpHeader);
  if (packet.size() < at + sizeof(DataHeader)) return false;
  const std::uint32_t type = load<Le<std::uint32_t>>(packet, at);
  return type - 1 < static_cast<std::uint32_t>(MessageType::kData);
}

// As nested_message_at(), for an IPv6 packet with a fragment header.
[[nodiscard]] std::size_t nested_message_in_fragment(ByteSpan packet);

// Where the UDP header of the packet begins if it carries a WireGuard message, and 0 if it does
// not. Of a fragmented message only the first fragment is seen. `ip` is the view of the packet.
// Messages behind other extension headers are not seen: no implementation sends such.
inline std::size_t nested_message_at(ByteSpan packet, IpView ip) {
  if (ip.protocol == IPPROTO_UDP) {
    if (!is_message_at(packet, ip.header_length)) return 0;
    if (ip.version == 6) return ip.header_length;
    const std::uint16_t fragment =
        load<Be<std::uint16_t>>(packet, offsetof(Ipv4Header, flags_and_offset));
    return (fragment & kIpv4OffsetMask) == 0 ? ip.header_length : 0;
  }
  const bool is_fragment = ip.protocol == IPPROTO_FRAGMENT && ip.version == 6;
  return is_fragment ? nested_message_in_fragment(packet) : 0;
}

// The hop limit of the datagram that is to carry `packet`, which carries a message. 0: it has none
// left, so that the packet must be dropped.
inline unsigned outer_hop_limit(ByteSpan packet) {
  const unsigned inner =
      packet[ip_version(packet) == 4 ? offsetof(Ipv4Header, ttl) : offsetof(Ipv6Header, hop_limit)];
  return inner <= kHopsForNesting ? 0 : std::min(inner - kHopsForNesting, kUsualHopLimit);
}

// What tells a message of ours from that of another tunnel.
struct OwnMessages {
  const Endpoint& endpoint;     // of the peer that the packet would be sealed for
  std::uint16_t listen_port;    // ours
  const Session* sending;       // the peer's sessions that its data may have left on; null: none
  const Session* sending_next;  // as above
};

// True if `packet`, with a message behind the UDP header at `udp`, is a message that we have sent
// to this endpoint: sealing it for the same peer would go on for ever. Data is known by its index,
// so that a message of somebody else passes but for one in 2^32. A handshake message is known by
// addresses and ports. Of these, a message that we forward for somebody else is taken for ours if
// it has our port, and our source address as far as the endpoint tells it: that takes a
// masquerading host behind us with the same port, which speaks to the same endpoint through the
// tunnel to it.
[[nodiscard]] bool is_own_message(ByteSpan packet, std::size_t udp, const OwnMessages& own);

}  // namespace wring
