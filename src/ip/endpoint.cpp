// The text of an endpoint, and the bytes that a cookie is bound to.
#include "ip/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>

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

Endpoint endpoint_at(const IpAddress& address, std::uint16_t port) {
  Endpoint endpoint;
  if (address.is_v4()) {
    endpoint.remote.v4.sin_family = AF_INET;
    endpoint.remote.v4.sin_port = htons(port);
    std::memcpy(&endpoint.remote.v4.sin_addr, address.bytes.data(), address.size());
  } else {
    endpoint.remote.v6.sin6_family = AF_INET6;
    endpoint.remote.v6.sin6_port = htons(port);
    std::memcpy(&endpoint.remote.v6.sin6_addr, address.bytes.data(), address.size());
  }
  return endpoint;
}

IpAddress remote_address(const Endpoint& endpoint) {
  if (endpoint.is_v4()) return IpAddress::v4(std::bit_cast<Bytes<4>>(endpoint.remote.v4.sin_addr));
  return IpAddress::v6(std::bit_cast<Bytes<16>>(endpoint.remote.v6.sin6_addr));
}

bool same_remote(const Endpoint& a, const Endpoint& b) {
  if (a.is_v4()) {
    return b.is_v4() && a.remote.v4.sin_port == b.remote.v4.sin_port &&
           a.remote.v4.sin_addr.s_addr == b.remote.v4.sin_addr.s_addr;
  }
  return a.is_v6() && b.is_v6() && a.remote.v6.sin6_port == b.remote.v6.sin6_port &&
         IN6_ARE_ADDR_EQUAL(&a.remote.v6.sin6_addr, &b.remote.v6.sin6_addr);
}

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
