// Asks getaddrinfo() for the addresses of hosts.
#include "client/name_lookup.h"

#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

namespace wring::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{1000};
constexpr milliseconds kLongestPause{20'000};

std::optional<Endpoint> endpoint_of(const addrinfo& found) {
  Endpoint endpoint;
  if (found.ai_family == AF_INET && found.ai_addrlen == sizeof endpoint.remote.v4) {
    std::memcpy(&endpoint.remote.v4, found.ai_addr, sizeof endpoint.remote.v4);
  } else if (found.ai_family == AF_INET6 && found.ai_addrlen == sizeof endpoint.remote.v6) {
    std::memcpy(&endpoint.remote.v6, found.ai_addr, sizeof endpoint.remote.v6);
  } else {
    return std::nullopt;
  }
  return endpoint;
}

}  // namespace

tl::expected<std::vector<Endpoint>, LookupError> look_up_all(const std::string& host,
                                                             std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_protocol = IPPROTO_UDP;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (error != 0) {
    const char* const why = error == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(error);
    // As `wg`: these three are answers, and asking again would not change them.
    const bool is_answer = error == EAI_NONAME || error == EAI_FAIL || error == EAI_NODATA;
    return tl::unexpected(
        LookupError{"cannot find the address of " + host + ": " + why, !is_answer});
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(first, freeaddrinfo);
  std::vector<Endpoint> endpoints;
  for (const addrinfo* found = first; found != nullptr; found = found->ai_next) {
    if (const auto endpoint = endpoint_of(*found)) endpoints.push_back(*endpoint);
  }
  if (!endpoints.empty()) return endpoints;
  return tl::unexpected(LookupError{host + " has no IPv4 or IPv6 address", false});
}

tl::expected<Endpoint, LookupError> look_up(const std::string& host, std::uint16_t port) {
  return look_up_all(host, port).map([](const auto& endpoints) { return endpoints.front(); });
}

Result<Endpoint> look_up_patiently(const std::string& host, std::uint16_t port,
                                   std::optional<unsigned> retries,
                                   const std::function<void(const std::string&)>& waiting) {
  for (milliseconds pause = kFirstPause;; pause = std::min(pause * 6 / 5, kLongestPause)) {
    auto found = look_up(host, port);
    if (found) return *found;
    if (!found.error().is_passing || retries == 0U) return failure(found.error().message);
    if (retries) --*retries;
    waiting(fmt::format("{}; trying again in {:.2f} seconds", found.error().message,
                        std::chrono::duration<double>(pause).count()));
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace wring::client
