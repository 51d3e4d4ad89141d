// What the relay is told when the configuration has changed: all of it but the keys of the tunnel.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/tls.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

struct RelayOrders {
  ProxyConfig config;  // of the tunnel: addresses, servers of names, and the prefixes of the peers
  // Of each listener. A socket that is new: its number among those that come along. Nothing: the
  // one at the same place stays, or the relay makes it.
  std::vector<std::optional<std::size_t>> sockets;
  std::vector<TlsFiles> tls;  // both texts empty: none
};

// For that configuration, with neither sockets nor keys of TLS.
[[nodiscard]] RelayOrders orders_without_tls(const ProxyConfig& config);

// As CBOR. The caller wipes it: it has passwords and keys of TLS.
[[nodiscard]] std::string write_orders(const RelayOrders& orders);
[[nodiscard]] Result<RelayOrders> read_orders(std::string_view text);

}  // namespace wring::proxy
