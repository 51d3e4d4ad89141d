// getsockname(), getsockopt() and mapped addresses.
#include "proxy/addresses.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace wring::proxy {
namespace {

using AskForName = int (*)(int, sockaddr*, socklen_t*);

IpAddress unmapped(const IpAddress& address) {
  static const IpPrefix kMapped(*IpAddress::parse("::ffff:0:0"), 96);
  if (!kMapped.contains(address)) return address;
  Bytes<4> four;
  std::copy_n(&address.bytes[12], four.size(), four.begin());
  return IpAddress::v4(four);
}

Endpoint ask(const UniqueFd& socket, AskForName call) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (call(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return endpoint_from(address);
}

}  // namespace

Endpoint endpoint_from(const sockaddr_storage& address) {
  Endpoint found;
  if (address.ss_family == AF_INET) {
    std::memcpy(&found.remote.v4, &address, sizeof found.remote.v4);
  } else if (address.ss_family == AF_INET6) {
    std::memcpy(&found.remote.v6, &address, sizeof found.remote.v6);
    const IpAddress plain = unmapped(remote_address(found));
    if (plain.is_v4()) return endpoint_at(plain, ntohs(found.remote.v6.sin6_port));
  }
  return found;
}

std::optional<IpAddress> literal_address(std::string_view host) {
  const auto address = IpAddress::parse(host);
  return address ? std::optional(unmapped(*address)) : std::nullopt;
}

Endpoint local_address(const UniqueFd& socket) {
  return ask(socket, getsockname);
}

std::uint16_t port_of(const Endpoint& endpoint) {
  return ntohs(endpoint.is_v6() ? endpoint.remote.v6.sin6_port : endpoint.remote.v4.sin_port);
}

int option_of(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

void reset_at_close(const UniqueFd& socket) {
  constexpr linger kAtOnce{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &kAtOnce, sizeof kAtOnce);
}

}  // namespace wring::proxy
