// How many connections a proxy may have at once.
#pragma once

#include <cstddef>
#include <string>

namespace wring::proxy {

struct ConnectionLimit {
  std::size_t connections = 0;  // that the descriptors allow at once
  std::size_t of_stack = 0;     // that the TCP/IP stack can have
  std::size_t descriptors = 0;  // that a process may have
  std::size_t each = 0;         // that a connection may take
};

// By the limit of descriptors, which is raised as far as it can be: for the calling process and
// those that it starts from now on.
[[nodiscard]] ConnectionLimit limit_connections(bool lwip);

// By so many descriptors. Pure.
[[nodiscard]] ConnectionLimit limit_by(std::size_t descriptors, bool lwip);
// For the log: how many, and if there could be more, what to do. Pure.
[[nodiscard]] std::string describe(const ConnectionLimit& limit);

}  // namespace wring::proxy
