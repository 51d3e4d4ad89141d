// The tunnel behind the interface inside: its engine, which runs outside, addresses and routes, and
// the names of its peers, which are looked up outside.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "config/tunnel_config.h"
#include "exec/inner_interface.h"
#include "exec/inner_network.h"
#include "run/engine.h"
#include "run/named_peers.h"
#include "run/names.h"
#include "run/plan.h"

namespace wring::exec {

// Main thread. It stays where it is, because the loop calls it.
class InnerTunnel {
 public:
  struct Start {
    const config::TunnelConfig& config;  // outlives the tunnel
    std::string interface;
    InnerInterface packets;
    UniqueFd routing;                             // netlink, from inside; none: there is no network
    std::function<void(const std::string&)> say;  // takes a line for people
    std::function<void()> on_engine_end;
  };
  // Starts the engine, and has the names of peers looked up. The loop outlives the tunnel.
  static Result<std::unique_ptr<InnerTunnel>> start(Start start, EventLoop& loop);

  InnerTunnel(const InnerTunnel&) = delete;
  InnerTunnel& operator=(const InnerTunnel&) = delete;

  // Addresses and routes, and all that the engine is told. Names that are found later follow.
  [[nodiscard]] Result<void> bring_up();

  // Changes what differs from `after`, which then takes the place of the configuration of the
  // start. Sessions go on. Returns what was changed, for people; empty: nothing. If the engine
  // refuses, nothing is; after another Error, the next change makes up for it.
  [[nodiscard]] Result<std::string> change(const config::TunnelConfig& after);

  [[nodiscard]] const run::Plan& plan() const { return plan_; }
  [[nodiscard]] bool names_are_found() const { return names_.all_are_found(); }
  [[nodiscard]] bool engine_has_ended() const { return engine_ended_; }
  // To the engine, which has not ended.
  [[nodiscard]] client::Connection& connection() { return engine_.connection(); }
  // When look_after() has something to do.
  [[nodiscard]] TimePoint next() const;
  void look_after(TimePoint now);

 private:
  InnerTunnel(Start start, EventLoop& loop, run::NameLookups lookups, run::Engine engine);
  Result<void> watch();
  Result<void> configure();
  void take_answers();
  void end_engine();
  [[nodiscard]] Result<std::vector<Endpoint>> endpoints_of_peers();

  Start start_;
  EventLoop& loop_;
  run::NameLookups lookups_;
  run::NamedPeers names_;
  SystemClock clock_;
  run::Plan plan_;
  run::Engine engine_;
  std::unique_ptr<InnerNetwork> network_;
  bool engine_ended_ = false;
  TimePoint next_watch_ = kNever;
};

}  // namespace wring::exec
