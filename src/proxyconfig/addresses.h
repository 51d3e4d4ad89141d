// Reads HOST:PORT as Go's library does, and the places where a listener may be.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "config/values.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// The port that /etc/services has for a name. Nothing: it has none.
using FindService = std::function<std::optional<std::uint16_t>(std::string_view name)>;

// "HOST:PORT", ":PORT", "unix:/PATH" or "systemd:NAME". Port 0 is allowed.
[[nodiscard]] config::Read<BindAddress> read_bind_address(std::string_view text,
                                                          const FindService& service);
// "HOST:PORT", both given. The host may be a name; an IPv6 address has brackets.
[[nodiscard]] config::Read<config::HostPort> read_target(std::string_view text);
// "PREFIX", "PREFIX:PORT" or "PREFIX:FIRST-LAST". An IPv6 prefix before a port has brackets.
[[nodiscard]] config::Read<Reachable> read_reachable(std::string_view text);
// Octal digits, as with chmod.
[[nodiscard]] config::Read<std::uint32_t> read_mode(std::string_view text);

}  // namespace wring::proxy
