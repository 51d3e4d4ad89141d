// Names of peers in comments, as programs around WireGuard write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wring::config {

// In bytes. The rest of a longer name is cut off.
inline constexpr std::size_t kMaxFriendlyName = 128;

// From a comment inside a [Peer]: "friendly_name = X", of prometheus_wireguard_exporter. `comment`
// is what follows the `#`, trimmed.
[[nodiscard]] std::optional<std::string> name_within(std::string_view comment);
// From the comment right above a [Peer]: "## begin X ###" of PiVPN, and "Client: X (id)" of
// wg-easy.
[[nodiscard]] std::optional<std::string> name_above(std::string_view comment);

}  // namespace wring::config
