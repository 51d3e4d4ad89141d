// Drives the engine by its control protocol, and the interface by netlink.
#include "exec/inner_tunnel.h"

#include <sys/epoll.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "client/interface_state.h"
#include "client/tunnel_change.h"
#include "run/engine_settings.h"

namespace wring::exec {
namespace {

// How often the engine is asked whether peers with names answer.
constexpr std::chrono::seconds kWatchPeriod{15};

// From then on the engine alone has the interface, which goes when it ends.
Result<run::Engine> start_engine(const std::string& name, const InnerInterface& interface) {
  // What an ordinary user is told of limits that only root can raise is not the command's output.
  setenv("LOG_LEVEL", "silent", 0);
  std::vector<run::Engine::HandedIn> handed_in{
      {variable_of(interface.kind), interface.packets.get()}};
  if (interface.netlink) handed_in.push_back({"WG_NETLINK_FD", interface.netlink.get()});
  if (interface.mtu != 0) setenv("WG_STACK_MTU", std::to_string(interface.mtu).c_str(), 1);
  return run::Engine::start_with(name, std::move(handed_in));
}

}  // namespace

Result<std::unique_ptr<InnerTunnel>> InnerTunnel::start(Start start, EventLoop& loop) {
  auto engine = start_engine(start.interface, start.packets);
  if (!engine) return tl::unexpected(engine.error());
  start.packets = {};
  auto lookups = run::NameLookups::create();
  if (!lookups) return tl::unexpected(lookups.error());
  std::unique_ptr<InnerTunnel> tunnel(
      new InnerTunnel(std::move(start), loop, std::move(*lookups), std::move(*engine)));
  if (auto watched = tunnel->watch(); !watched) return tl::unexpected(watched.error());
  tunnel->names_.follow(tunnel->start_.config);
  tunnel->look_after(tunnel->clock_.now());
  return tunnel;
}

InnerTunnel::InnerTunnel(Start start, EventLoop& loop, run::NameLookups lookups, run::Engine engine)
    : start_(std::move(start)),
      loop_(loop),
      lookups_(std::move(lookups)),
      names_([this](std::size_t id,
                    const config::HostPort& name) { lookups_.ask(id, name.host, name.port); },
             start_.say),
      plan_(run::make_plan_inside(start_.config)),
      engine_(std::move(engine)) {}

Result<void> InnerTunnel::watch() {
  auto added = loop_.add(lookups_.fd(), EPOLLIN, [this](std::uint32_t) { take_answers(); });
  if (!added) return added;
  return loop_.add(engine_.fd(), EPOLLIN, [this](std::uint32_t) { end_engine(); });
}

Result<void> InnerTunnel::bring_up() {
  if (start_.routing) {
    auto network = InnerNetwork::open(RtSocket(std::move(start_.routing)), start_.interface);
    if (!network) return tl::unexpected(network.error());
    network_ = std::make_unique<InnerNetwork>(std::move(*network));
    if (auto applied = network_->apply(plan_.steps); !applied) return applied;
  }
  // The interface is up already: a port that is taken is an error of the request that asks for it.
  if (auto set = configure(); !set) return set;
  if (!names_.empty()) next_watch_ = clock_.now() + kWatchPeriod;
  if (!network_) return {};
  auto endpoints = endpoints_of_peers();
  if (!endpoints) return tl::unexpected(endpoints.error());
  return network_->use_endpoints(std::move(*endpoints));
}

Result<std::string> InnerTunnel::change(const config::TunnelConfig& after) {
  const auto state = engine_.connection().get();
  if (!state) return tl::unexpected(state.error());
  names_.follow(after);
  const auto change = run::changed_settings(
      start_.config, after, 0, [this](const config::HostPort& name) { return names_.found(name); },
      *state);
  const auto set = !change                     ? tl::unexpected(change.error())
                   : client::is_empty(*change) ? Result<void>()
                                               : engine_.connection().set(*change);
  if (!set) {
    names_.follow(start_.config);
    return tl::unexpected(set.error());
  }
  names_.look_up(clock_.now());
  if (!names_.empty() && next_watch_ == kNever) next_watch_ = clock_.now() + kWatchPeriod;
  std::string changed = run::what_changes(*change);
  plan_ = run::make_plan_inside(after);
  if (!network_) return changed;
  auto endpoints = endpoints_of_peers();
  if (!endpoints) return tl::unexpected(endpoints.error());
  const auto used = network_->use_endpoints(std::move(*endpoints));
  if (!used) return tl::unexpected(used.error());
  const auto network = network_->become(plan_.steps);
  if (!network) return tl::unexpected(network.error());
  if (*network) changed += changed.empty() ? "addresses and routes" : ", addresses and routes";
  return changed;
}

Result<void> InnerTunnel::configure() {
  const auto& mark = start_.config.interface.fwmark;
  const auto change =
      run::all_settings(start_.config, mark ? mark->value : 0,
                        [this](const config::HostPort& name) { return names_.found(name); });
  if (!change) return tl::unexpected(change.error());
  return engine_.connection().set(*change);
}

Result<std::vector<Endpoint>> InnerTunnel::endpoints_of_peers() {
  return engine_.connection().get().map(client::known_endpoints);
}

TimePoint InnerTunnel::next() const {
  return std::min(names_.next(), next_watch_);
}

void InnerTunnel::look_after(TimePoint now) {
  if (now >= next_watch_ && !engine_ended_) {
    next_watch_ = now + kWatchPeriod;
    if (const auto state = engine_.connection().get()) names_.watch(state->peers, now);
  }
  names_.look_up(now);
}

void InnerTunnel::take_answers() {
  ConfigChange change;
  for (const run::NameAnswer& answer : lookups_.take()) {
    if (auto peer = names_.take(answer, clock_.now())) change.peers.push_back(std::move(*peer));
  }
  if (change.peers.empty() || engine_ended_) return;
  if (auto set = engine_.connection().set(change); !set) return start_.say(set.error().message);
  auto endpoints = endpoints_of_peers();
  if (!endpoints || !network_) return;
  const auto used = network_->use_endpoints(std::move(*endpoints));
  if (!used) start_.say(used.error().message);
}

void InnerTunnel::end_engine() {
  engine_ended_ = true;
  loop_.remove(engine_.fd());
  start_.on_engine_end();
}

}  // namespace wring::exec
