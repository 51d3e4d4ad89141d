// Asks for the limit of descriptors.
#include "proxy/connection_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

#include "stack/links.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kMostConnections = 50'000;
// Of a connection: two sockets, a pipe for each direction that stalls, and two more sockets behind
// TLS; by lwIP, an end mark. Others: listeners, pipes that are kept, and what the process needs.
constexpr std::size_t kDescriptorsEach = 8;
constexpr std::size_t kEachByLwip = 9;
constexpr std::size_t kOtherDescriptors = 768;

}  // namespace

ConnectionLimit limit_connections(bool lwip) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit_by(limit.rlim_cur, lwip);
}

ConnectionLimit limit_by(std::size_t descriptors, bool lwip) {
  const std::size_t left =
      descriptors > 2 * kOtherDescriptors ? descriptors - kOtherDescriptors : descriptors / 2;
  const std::size_t each = lwip ? kEachByLwip : kDescriptorsEach;
  return {std::min(kMostConnections, left / each),
          lwip ? stack::Links::kMostConnections : kMostConnections, descriptors, each};
}

std::string describe(const ConnectionLimit& limit) {
  const std::size_t most = std::min(limit.connections, limit.of_stack);
  std::string text = fmt::format("at most {} connections at once", most);
  if (most == limit.of_stack) return text;
  return text + fmt::format(
                    ", because no more than {} files may be open; {} take {} (ulimit -Hn, "
                    "LimitNOFILE=)",
                    limit.descriptors, limit.of_stack,
                    limit.of_stack * limit.each + kOtherDescriptors);
}

}  // namespace wring::proxy
