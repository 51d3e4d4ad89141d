// The kernel's message about one route, and the question for the route to an address.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "ip/endpoint.h"
#include "ip/ip_address.h"
#include "netlink/rtnetlink.h"

namespace wring {

[[nodiscard]] inline ByteSpan bytes_of(const in_addr& address) {
  return {reinterpret_cast<const std::uint8_t*>(&address), sizeof address};
}
[[nodiscard]] inline ByteSpan bytes_of(const in6_addr& address) {
  return {address.s6_addr, sizeof address.s6_addr};
}

// Addresses and ports are in network order.
struct RouteQuestion {
  std::uint8_t family = AF_UNSPEC;
  ByteSpan to;
  ByteSpan from;                // empty: any
  std::uint32_t interface = 0;  // the route must lead there; 0: anywhere
  std::uint32_t fwmark = 0;     // 0: none
  in_port_t to_port = 0;  // of UDP; rules and multipath hashes may ask for the ports; 0: not given
  in_port_t from_port = 0;
};

// The way to the endpoint's address. It refers to the endpoint.
[[nodiscard]] RouteQuestion question_for(const Endpoint& endpoint, std::uint32_t fwmark);
// RTM_GETROUTE.
[[nodiscard]] RtRequest request_of(const RouteQuestion& question);

struct Route {
  IpPrefix to;
  std::uint8_t type = 0;  // RTN_UNICAST, RTN_LOCAL ...
  std::uint32_t table = 0;
  std::uint32_t interface = 0;
  std::uint32_t mtu = 0;  // bytes; 0: the route has none
  IpAddress source;       // of what takes it and has none yet; all zero: the route does not say
  bool cached = false;    // made for one destination; in no table
};

// Nothing if the message is not about an IP route. Allocates nothing, because the engine asks for
// each of its peers when the routing table changes.
[[nodiscard]] std::optional<Route> route_in(const nlmsghdr& message);

}  // namespace wring
