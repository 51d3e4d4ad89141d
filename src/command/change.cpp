// Resolves names and sends changes.
#include "command/change.h"

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

#include "base/decimal.h"
#include "client/connection.h"
#include "client/name_lookup.h"

namespace wring::command {
namespace {

constexpr const char* kVariable = "WG_ENDPOINT_RESOLUTION_RETRIES";
constexpr unsigned kDefaultRetries = 15;

// Nothing inside: for ever.
Result<std::optional<unsigned>> retries() {
  const char* const text = std::getenv(kVariable);
  if (text == nullptr) return kDefaultRetries;
  if (std::string_view(text) == "infinity") return std::nullopt;
  if (const auto number = parse_decimal<unsigned>(text)) return number;
  return failure(std::string(kVariable) + "=" + text +
                 " is no number; write one, or infinity, or unset it");
}

}  // namespace

Result<Endpoint> resolve_endpoint(const config::HostPort& endpoint) {
  const auto limit = retries();
  if (!limit) return tl::unexpected(limit.error());
  return client::look_up_patiently(
      endpoint.host, endpoint.port, *limit,
      [](const std::string& line) { std::cerr << "wring: " << line << "\n"; });
}

Result<int> apply_change(const std::string& interface, const ConfigChange& change) {
  auto connection = client::Connection::open(interface);
  if (!connection) return tl::unexpected(connection.error());
  if (auto set = connection->set(change); !set) return tl::unexpected(set.error());
  return EXIT_SUCCESS;
}

}  // namespace wring::command
