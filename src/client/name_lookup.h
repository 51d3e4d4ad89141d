// The addresses of hosts that are known by name. For clients: an engine never looks a name up.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/endpoint.h"

namespace wring::client {

// A failed look-up. A passing one may succeed later: the resolver did not answer.
struct LookupError {
  std::string message;
  bool is_passing = false;
};

// All addresses that the system's resolver has for `host`, at least one, in its order: a name, or
// an address with or without a zone. Blocks for as long as the resolver takes. Any thread.
[[nodiscard]] tl::expected<std::vector<Endpoint>, LookupError> look_up_all(const std::string& host,
                                                                           std::uint16_t port);
// The first of them.
[[nodiscard]] tl::expected<Endpoint, LookupError> look_up(const std::string& host,
                                                          std::uint16_t port);

// Tries again after a passing failure, up to `retries` times (nothing: for ever), with pauses that
// grow from 1 s to 20 s, as `wg` does. Calls `waiting` with a line for people before each pause.
[[nodiscard]] Result<Endpoint> look_up_patiently(
    const std::string& host, std::uint16_t port, std::optional<unsigned> retries,
    const std::function<void(const std::string&)>& waiting);

}  // namespace wring::client
