// Asks for the limit of descriptors.
#include "proxy/connection_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace wring::proxy {
namespace {

constexpr std::size_t kMostConnections = 50'000;
// Of a connection: two sockets, a pipe for each direction that stalls, and two more sockets behind
// TLS. Others: listeners, pipes that are kept, and what the process needs.
constexpr std::size_t kDescriptorsEach = 8;
constexpr std::size_t kOtherDescriptors = 768;

}  // namespace

std::size_t most_connections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t left = all > 2 * kOtherDescriptors ? all - kOtherDescriptors : all / 2;
  return std::min(kMostConnections, left / kDescriptorsEach);
}

}  // namespace wring::proxy
