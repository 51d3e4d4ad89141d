// Addresses and options of sockets.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::proxy {

// From what a system call wrote. An IPv4 address that is mapped into IPv6 becomes an IPv4 address.
// Not set for another family.
[[nodiscard]] Endpoint endpoint_from(const sockaddr_storage& address);
// Not set if there is none.
[[nodiscard]] Endpoint local_address(const UniqueFd& socket);
// The address that a host is, if it is none of a name. One that is mapped into IPv6 becomes an IPv4
// address, because the tunnel knows it as that.
[[nodiscard]] std::optional<IpAddress> literal_address(std::string_view host);
[[nodiscard]] std::uint16_t port_of(const Endpoint& endpoint);

// A number of SOL_SOCKET, as SO_DOMAIN; -1 if the kernel does not tell.
[[nodiscard]] int option_of(int socket, int option);
// Closing it then sends a reset, so that nobody takes what came for all that was to come.
void reset_at_close(const UniqueFd& socket);

}  // namespace wring::proxy
