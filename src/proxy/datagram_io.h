// Datagrams of a socket of the kernel's, and of a pair of sockets to a stack, where each has a head
// that names the other end.
#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>

#include "ip/endpoint.h"
#include "stack/control.h"

namespace wring::proxy {

// Whether it is one end of such a pair.
[[nodiscard]] bool has_heads(int socket);
[[nodiscard]] stack::Place place_of(const Endpoint& endpoint);

// Sends head and payload as one datagram to an address, or where the socket is connected to if
// `to` is not set. False with errno.
[[nodiscard]] bool send_datagram(int socket, bool with_head, const Endpoint& to,
                                 std::string_view head, std::string_view payload);
// As recvfrom(). Of a datagram with a wrong head, 0 bytes.
[[nodiscard]] ssize_t receive_datagram(int socket, bool with_head, std::span<char> into,
                                       Endpoint& from);
// As recvfrom(), of a socket of the kernel's that says where each was sent: `to`, without a port if
// it says no more than the address. Not set: it does not say so.
[[nodiscard]] ssize_t receive_with_target(int socket, std::span<char> into, Endpoint& from,
                                          Endpoint& to);
// Names the other end of one with heads. False with errno.
[[nodiscard]] bool connect_datagrams(int socket, const Endpoint& to);

}  // namespace wring::proxy
