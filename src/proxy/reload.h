// A configuration that has changed takes the place of the one that runs, and connections go on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "exec/channel.h"
#include "exec/inner_tunnel.h"
#include "proxy/counters.h"
#include "proxy/handed_in.h"
#include "proxy/outside_sockets.h"
#include "proxy/relay_orders.h"
#include "proxyconfig/proxy_config.h"
#include "run/file_watch.h"

namespace wring::proxy {

// One reading of the configuration.
struct Rereading {
  std::optional<ProxyConfig> config;  // nothing: it has mistakes
  std::string said;                   // lines about mistakes and warnings
  std::vector<std::string> files;     // all that were read or looked for
};

// In the process outside. One thread.
class Reloader {
 public:
  struct Parts {
    ProxyConfig& config;  // the one that runs
    Shared& shared;
    const exec::Channel& channel;  // to the relay
    exec::InnerTunnel& tunnel;
    SocketFiles& files;
    const HandedIn& handed_in;
    bool has_network;  // no: a stack, which keeps its addresses and its MTU
    std::function<Rereading()> read;
    std::function<void(const std::string&)> say;  // takes a line for people
  };
  explicit Reloader(Parts parts) : parts_(std::move(parts)) {}
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Has it read again when one of these changes. The loop outlives this.
  [[nodiscard]] Result<void> watch(EventLoop& loop, const std::vector<std::string>& files);
  // Somebody asks for it, who is told if there is nothing to change.
  void ask() { asked_ = true; }
  // When look_after() has something to do.
  [[nodiscard]] TimePoint next() const;
  // Returns whether the configuration is another one now. The Error: the relay has gone.
  [[nodiscard]] Result<bool> look_after(TimePoint now);

 private:
  [[nodiscard]] Result<bool> reload(bool loud);
  [[nodiscard]] Result<std::string> become(ProxyConfig after);
  [[nodiscard]] Result<std::vector<UniqueFd>> prepare(const ProxyConfig& after, RelayOrders& orders,
                                                      SocketFiles& files);
  [[nodiscard]] Result<void> send(RelayOrders& orders, std::vector<UniqueFd> sockets);
  void commit(ProxyConfig after);

  Parts parts_;
  std::optional<run::FileWatch> files_;
  bool asked_ = false;
  bool relay_is_gone_ = false;
};

}  // namespace wring::proxy
