// The text of an endpoint, and the bytes that a cookie is bound to.
#include "ip/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace wring {
namespace {

void append(EndpointBytes& to, ByteSpan bytes) {
  std::copy(bytes.begin(), bytes.end(), to.bytes.begin() + static_cast<std::ptrdiff_t>(to.size));
  to.size += bytes.size();
}

ByteSpan port_bytes(const in_port_t& port) {
  return {reinterpret_cast<const std::uint8_t*>(&port), sizeof port};
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (endpoint.is_v4()) {
    const sockaddr_in& v4 = endpoint.remote.v4;
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ':' + std::to_string(ntohs(v4.sin_port));
  }
  if (endpoint.is_v6()) {
    const sockaddr_in6& v6 = endpoint.remote.v6;
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    std::string address = text.data();
    if (v6.sin6_scope_id != 0) address += '%' + std::to_string(v6.sin6_scope_id);
    return '[' + address + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return {};
}

EndpointBytes cookie_bytes(const Endpoint& endpoint) {
  EndpointBytes result;
  if (endpoint.is_v4()) {
    append(result, std::bit_cast<Bytes<4>>(endpoint.remote.v4.sin_addr));
    append(result, port_bytes(endpoint.remote.v4.sin_port));
  } else if (endpoint.is_v6()) {
    append(result, endpoint.remote.v6.sin6_addr.s6_addr);
    append(result, port_bytes(endpoint.remote.v6.sin6_port));
  }
  return result;
}

}  // namespace wring
