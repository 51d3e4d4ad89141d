// Sockets inside that get what peers send to any address.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::proxy {

struct GatewaySockets {
  UniqueFd tcp4;  // listens; a connection's own address is the one that the peer meant
  UniqueFd tcp6;  // empty: there is no IPv6
  UniqueFd udp4;  // says for each datagram where it was sent (IP_RECVORIGDSTADDR)
  UniqueFd udp6;
  UniqueFd icmp4;  // raw: requests for an echo. Only these may answer them with such an address
  UniqueFd icmp6;
};

// In the network namespace of the calling thread, which has CAP_NET_ADMIN there: by nftables'
// tproxy and a rule of routing, all that comes in by the interface and is for none of its own
// addresses comes to these sockets. Pings are not answered by the kernel. The Error says what the
// kernel lacks.
[[nodiscard]] Result<GatewaySockets> open_gateway(const std::string& interface);

// A socket of datagrams whose address is that of another host. The calling thread has CAP_NET_RAW,
// and CAP_NET_BIND_SERVICE for ports below 1024. Empty, with errno, if it cannot be had.
[[nodiscard]] UniqueFd socket_of_another(const Endpoint& address);

}  // namespace wring::proxy
