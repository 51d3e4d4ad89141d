// Makes of the listeners that run what a changed configuration says.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/listener_places.h"
#include "proxy/outside_sockets.h"
#include "proxy/relays.h"

namespace wring::proxy {

// All that may fail comes first.
struct Relays::Prepared {
  std::vector<std::unique_ptr<TlsIdentity>> identities;
  std::vector<UniqueFd> sockets;  // of listeners at new places
};

Result<Relays::Prepared> Relays::prepare(RelayOrders& orders, std::vector<UniqueFd>& sockets) {
  Prepared prepared;
  for (std::size_t i = 0; i < orders.config.listeners.size(); ++i) {
    const Listener& listener = orders.config.listeners[i];
    auto& identity = prepared.identities.emplace_back();
    if (!orders.tls[i].certificate.empty()) {
      auto read = TlsIdentity::read(orders.tls[i]);
      if (!read) return tl::unexpected(read.error());
      identity = std::make_unique<TlsIdentity>(std::move(*read));
    }
    UniqueFd& socket = prepared.sockets.emplace_back();
    if (orders.sockets[i]) {
      if (*orders.sockets[i] >= sockets.size()) return failure("a socket is missing", EPROTO);
      socket = std::move(sockets[*orders.sockets[i]]);
    }
    const bool inside = listener.listen_port != 0;
    if (!inside || tcp_.contains(listener.place) || udp_.contains(listener.place)) continue;
    auto made = tunnel_.side.open_port(
        listener.kind == Listener::Kind::kTcpServer ? SOCK_STREAM : SOCK_DGRAM,
        listener.listen_port);
    if (!made) return tl::unexpected(made.error());
    socket = std::move(*made);
  }
  return prepared;
}

Result<void> Relays::change(RelayOrders orders, std::vector<UniqueFd> sockets) {
  auto prepared = prepare(orders, sockets);
  if (!prepared) return tl::unexpected(prepared.error());
  const ProxyConfig& config = orders.config;
  if (auto named = use_names(config); !named) return named;
  peers_.become(config.tunnel);
  pinger_.become(config);
  remove_others(config.listeners);
  Result<void> so_far;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    const auto tcp = tcp_.find(listener.place);
    const auto udp = udp_.find(listener.place);
    const auto gateway = gateways_.find(listener.place);
    if (tcp != tcp_.end()) {
      tcp->second->become(listener);
      tcp->second->use_tls(std::move(prepared->identities[i]));
    } else if (udp != udp_.end()) {
      udp->second->become(listener);
    } else if (gateway != gateways_.end()) {
      gateway->second->become(listener);
    } else if (auto added = add(listener, std::move(prepared->sockets[i]),
                                std::move(prepared->identities[i]));
               !added) {
      so_far = added;
    }
  }
  return so_far;
}

Result<void> Relays::use_names(const ProxyConfig& config) {
  const std::vector<IpAddress> servers = servers_of(config);
  Resolver* resolver = by_system_.get();
  if (!servers.empty() && config.resolving.by == Resolving::By::kTunnel) {
    if (by_tunnel_) {
      if (auto used = by_tunnel_->use_servers(servers); !used) return used;
    } else {
      auto made = Resolver::create(*loop_, tunnel_.side, servers);
      if (!made) return tl::unexpected(made.error());
      by_tunnel_ = std::move(*made);
    }
    resolver = by_tunnel_.get();
  }
  tunnel_.resolver = outside_.resolver = resolver;
  tunnel_.families = families_of(config);
  outside_.families = families_outside(config);
  return {};
}

void Relays::remove_others(const std::vector<Listener>& wanted) {
  const auto is_wanted = [&](const auto& each) {
    return std::ranges::find(wanted, each.first, &Listener::place) != wanted.end();
  };
  for (auto& each : tcp_) {
    if (is_wanted(each)) continue;
    each.second->retire();
    retired_.push_back(std::move(each.second));
  }
  std::erase_if(tcp_, [&](const auto& each) { return !is_wanted(each); });
  std::erase_if(udp_, [&](const auto& each) { return !is_wanted(each); });
  sweep();
}

// Those that were removed stay until their last client has gone.
void Relays::sweep() {
  loop_->cancel(sweep_);
  std::erase_if(retired_, [](const auto& each) { return !each->has_clients(); });
  if (retired_.empty()) return;
  sweep_ = loop_->at(loop_->now() + kSweepPeriod, [this] { sweep(); });
}

void Relays::take_message(const exec::Channel& channel) {
  auto received = channel.receive_now();
  if (!received) {
    over_ = true;
    return;
  }
  if (!*received || (*received)->kind != exec::Message::Kind::kChange) return;
  for (UniqueFd& each : (*received)->descriptors)
    came_.push_back(std::move(each));
  if ((*received)->number != 0) return;
  std::vector<UniqueFd> sockets = std::exchange(came_, {});
  exec::Message answer;
  const Result<void> done = carry_out(std::move(sockets));
  if (!done) answer.kind = exec::Message::Kind::kFailed;
  if (!done) answer.text = done.error().message;
  if (!channel.send(answer)) over_ = true;
}

// The first is a file with the orders.
Result<void> Relays::carry_out(std::vector<UniqueFd> came) {
  if (came.empty()) return failure("there are no orders", EPROTO);
  auto text = read_whole(came.front().get(), "the orders", kMaxOrders);
  if (!text) return tl::unexpected(text.error());
  auto orders = read_orders(*text);
  wipe(*text);
  if (!orders) return tl::unexpected(orders.error());
  came.erase(came.begin());
  return change(std::move(*orders), std::move(came));
}

}  // namespace wring::proxy
