// Says who may reach what, and leads connections there.
#include "proxy/gateway.h"

#include <algorithm>
#include <utility>

#include "proxy/addresses.h"
#include "proxy/reachability.h"

namespace wring::proxy {

Gateway::Gateway(Services& services, ListenerCounters& counters, const Listener& listener,
                 GatewaySockets sockets, PingSockets pings)
    : services_(services),
      listener_(listener),
      datagrams_(services, counters, std::move(sockets.udp4), std::move(sockets.udp6),
                 [this](const Endpoint& from, const Endpoint& to) {
                   return may_pass(from, to, port_of(to));
                 }),
      pings_(services, counters, sockets, std::move(pings),
             [this](const Endpoint& from, const Endpoint& to) {
               return may_pass(from, to, std::nullopt);
             }) {
  datagrams_.limit(listener.inactivity);
  for (UniqueFd* const socket : {&sockets.tcp4, &sockets.tcp6}) {
    if (!*socket) continue;
    tcp_.push_back(std::make_unique<TcpListener>(services, counters, listener, services.outside,
                                                 std::move(*socket)));
    tcp_.back()->lead_on([this](const Endpoint& from, const Endpoint& to) {
      return may_pass(from, to, port_of(to));
    });
  }
}

bool Gateway::start() {
  return std::ranges::all_of(tcp_, [](const auto& each) { return each->start(); }) &&
         datagrams_.start() && pings_.start();
}

void Gateway::become(const Listener& listener) {
  listener_ = listener;
  datagrams_.limit(listener.inactivity);
  for (const auto& each : tcp_)
    each->become(listener);
}

bool Gateway::may_pass(const Endpoint& from, const Endpoint& to,
                       std::optional<std::uint16_t> port) const {
  const auto& allowed = listener_.allowed;
  const bool is_allowed = allowed.empty() || std::ranges::any_of(allowed, [&](const IpPrefix& net) {
                            return net.contains(remote_address(from));
                          });
  return is_allowed && is_reachable(listener_.reachable, remote_address(to), port,
                                    [this](const IpAddress& address) {
                                      return has_address(services_.outside.side, address);
                                    });
}

}  // namespace wring::proxy
