// Ports of the host behind which something inside answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/ip_address.h"

namespace wring::exec {

struct PortMapping {
  IpAddress address;  // of the host
  std::uint16_t outside = 0;
  std::uint16_t inside = 0;
};
// Reads "8080:80", for 127.0.0.1 of the host, or "ADDRESS:8080:80", with brackets around an IPv6
// address. Pure.
[[nodiscard]] Result<PortMapping> parse_port_mapping(std::string_view text);

struct PublishedPort {
  UniqueFd listener;
  std::uint16_t inside = 0;
};
// In the network namespace of the calling thread. TCP.
[[nodiscard]] Result<PublishedPort> listen_outside(const PortMapping& mapping);

// Takes connections for ever, in threads of their own, and passes on what comes to the port of
// 127.0.0.1, or else of ::1, in the network namespace of this process. At most kMaxConnections of
// all ports are open at once; further ones wait.
void serve_in_threads(std::vector<PublishedPort> ports);
inline constexpr std::ptrdiff_t kMaxConnections = 256;

}  // namespace wring::exec
