// Addresses of sockets.
#pragma once

#include <sys/socket.h>

#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::proxy {

// From what a system call wrote. An IPv4 address that is mapped into IPv6 becomes an IPv4 address.
// Not set for another family.
[[nodiscard]] Endpoint endpoint_from(const sockaddr_storage& address);
// Not set if there is none.
[[nodiscard]] Endpoint local_address(const UniqueFd& socket);
[[nodiscard]] Endpoint peer_address(const UniqueFd& socket);
[[nodiscard]] std::uint16_t port_of(const Endpoint& endpoint);

}  // namespace wring::proxy
