// What peers may reach behind the proxy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ip/ip_address.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

// Whether an address is one of this host's own.
using IsOwn = std::function<bool(const IpAddress&)>;

// By the list alone, but: loopback and link-local addresses have to be named, by a prefix that lies
// within theirs; addresses of this host by a prefix of that address alone. Multicast, broadcast and
// unspecified addresses, and IPv4 addresses that are mapped into IPv6, are never reachable. Without
// a port: pings, which need an entry without ports. Pure, but for `is_own`.
[[nodiscard]] bool is_reachable(const std::vector<Reachable>& list, const IpAddress& to,
                                std::optional<std::uint16_t> port, const IsOwn& is_own);

}  // namespace wring::proxy
