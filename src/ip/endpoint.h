// Where a peer is reached: its UDP address and, once a message came from it, the local address and
// interface that the message came to. Answers leave from there (P29). As `struct endpoint` of the
// kernel's module.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/bytes.h"
#include "ip/ip_address.h"

namespace wring {

struct Endpoint {
  union Remote {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;  // sin6_scope_id names the zone of a link-local address
  } remote;
  union Source {
    in_addr v4;
    in6_addr v6;
  } source;  // of the remote's family
  // Where the peer was heard. 0: not known, the kernel chooses address and interface.
  std::uint32_t source_ifindex : 31;
  // The routing table leads elsewhere: nothing is sent from the source, but a message that comes
  // the same way again brings no news.
  std::uint32_t source_refused : 1;

  Endpoint() { std::memset(static_cast<void*>(this), 0, sizeof *this); }

  [[nodiscard]] bool is_v4() const { return remote.any.sa_family == AF_INET; }
  [[nodiscard]] bool is_v6() const { return remote.any.sa_family == AF_INET6; }
  // False for a peer whose endpoint is not known yet.
  [[nodiscard]] bool is_set() const { return remote.any.sa_family != AF_UNSPEC; }
  [[nodiscard]] socklen_t remote_size() const {
    return is_v4() ? sizeof remote.v4 : sizeof remote.v6;
  }
  // The source goes along with what is sent.
  [[nodiscard]] bool pins_source() const { return source_ifindex != 0 && source_refused == 0; }
  void set_source_ifindex(std::uint32_t ifindex) { source_ifindex = ifindex & 0x7fffffffU; }
  void clear_source() {
    source_ifindex = 0;
    source_refused = 0;
    std::memset(&source, 0, sizeof source);
  }
  // Compares every byte, the source too: a packet that arrives on another local address moves the
  // endpoint.
  friend bool operator==(const Endpoint& a, const Endpoint& b) {
    // Addresses are plain bytes, and there is no padding (asserted below).
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    return std::memcmp(&a, &b, sizeof a) == 0;
  }
};
static_assert(std::is_trivially_copyable_v<Endpoint>);
static_assert(sizeof(Endpoint) == 48, "no padding: compared as bytes");

// Without a source, and without a zone.
[[nodiscard]] Endpoint endpoint_at(const IpAddress& address, std::uint16_t port);
// The address of an endpoint that is set.
[[nodiscard]] IpAddress remote_address(const Endpoint& endpoint);

// True if both name the same UDP address. Zone and source are not looked at.
[[nodiscard]] bool same_remote(const Endpoint& a, const Endpoint& b);

// "192.0.2.1:51820" or "[fe80::1%2]:51820". The zone is a number, because its name means something
// in one network namespace only: `wg` crashes on a name that it cannot resolve. Empty for an
// endpoint that is not set.
std::string to_string(const Endpoint& endpoint);

// The bytes that a cookie is bound to (P33): address, then port in network order. At most 18.
struct EndpointBytes {
  Bytes<18> bytes{};
  std::size_t size = 0;
  [[nodiscard]] ByteSpan span() const { return {bytes.data(), size}; }
};
EndpointBytes cookie_bytes(const Endpoint& endpoint);

}  // namespace wring
