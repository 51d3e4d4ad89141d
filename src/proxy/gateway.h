// [Gateway]: peers reach addresses behind the proxy.
#pragma once

#include <memory>
#include <vector>

#include "proxy/counters.h"
#include "proxy/gateway_datagrams.h"
#include "proxy/gateway_pings.h"
#include "proxy/gateway_sockets.h"
#include "proxy/services.h"
#include "proxy/tcp_listener.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

class Gateway {
 public:
  Gateway(Services& services, ListenerCounters& counters, const Listener& listener,
          GatewaySockets sockets, PingSockets pings);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  [[nodiscard]] bool start();
  // For connections and flows that begin from now on.
  void become(const Listener& listener);

 private:
  // Without a port: a ping.
  [[nodiscard]] bool may_pass(const Endpoint& from, const Endpoint& to,
                              std::optional<std::uint16_t> port) const;

  Services& services_;
  Listener listener_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  GatewayDatagrams datagrams_;
  GatewayPings pings_;
};

}  // namespace wring::proxy
