// Makes the listeners, and runs their loop.
#include "proxy/relays.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/outside_sockets.h"

namespace wring::proxy {
namespace {

bool prefers_ipv4(const ProxyConfig& config) {
  return config.resolving.strategy == Resolving::Strategy::kIpv4;
}

// In the tunnel, an address of a version that the interface has none of cannot be reached.
Families families_of(const ProxyConfig& config) {
  const auto& own = config.tunnel.interface.addresses;
  const auto is_v4 = [](const auto& each) { return each.value.address.is_v4(); };
  if (std::ranges::none_of(own, is_v4)) return Families::kIpv6;
  if (std::ranges::all_of(own, is_v4)) return Families::kIpv4;
  return prefers_ipv4(config) ? Families::kIpv4First : Families::kIpv6First;
}

std::vector<IpAddress> servers_of(const ProxyConfig& config) {
  std::vector<IpAddress> servers;
  for (const auto& server : config.tunnel.interface.dns_servers)
    servers.push_back(server.value);
  return servers;
}

}  // namespace

Result<std::unique_ptr<Relays>> Relays::open(RelayTask& task, OtherSide& outside, UniqueFd bridge) {
  auto loop = Loop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto here = std::make_unique<HereSide>();
  const std::vector<IpAddress> servers = servers_of(task.config);
  std::optional<Resolver::HostFile> file;
  if (!task.host_names.empty()) {
    file.emplace(Resolver::HostFile{task.host_names, task.shared.host_names_version});
  }
  auto by_system = Resolver::create(**loop, outside, {}, std::move(file));
  if (!by_system) return tl::unexpected(by_system.error());
  std::unique_ptr<Resolver> by_tunnel;
  if (!servers.empty() && task.config.resolving.by == Resolving::By::kTunnel) {
    auto made = Resolver::create(**loop, *here, servers);
    if (!made) return tl::unexpected(made.error());
    by_tunnel = std::move(*made);
  }
  std::unique_ptr<Relays> relays(new Relays(task, outside, std::move(*loop), std::move(here),
                                            std::move(by_tunnel), std::move(*by_system)));
  relays->bridge_ = std::move(bridge);
  for (std::size_t i = 0; i < task.listeners.size(); ++i) {
    if (auto added = relays->add(i, std::move(task.listeners[i])); !added) {
      return tl::unexpected(added.error());
    }
  }
  return relays;
}

Relays::Relays(RelayTask& task, OtherSide& outside, std::unique_ptr<Loop> loop,
               std::unique_ptr<HereSide> here, std::unique_ptr<Resolver> by_tunnel,
               std::unique_ptr<Resolver> by_system)
    : loop_(std::move(loop)),
      here_(std::move(here)),
      by_tunnel_(std::move(by_tunnel)),
      by_system_(std::move(by_system)),
      peers_(task.config.tunnel, task.shared),
      tunnel_{*loop_,
              *here_,
              by_tunnel_ ? *by_tunnel_ : *by_system_,
              families_of(task.config),
              [this](const IpAddress& to) { return peers_.is_silent(to, loop_->now()); },
              Waiting(task.shared.waiting, &task.somebody_waits)},
      outside_{*loop_,
               outside,
               by_tunnel_ ? *by_tunnel_ : *by_system_,
               prefers_ipv4(task.config) ? Families::kIpv4First : Families::kIpv6First,
               {},
               Waiting(waiting_outside_, nullptr)},
      places_(task.most_connections),
      services_{*loop_, pipes_, places_, tunnel_, outside_, waiting_bytes_},
      task_(task),
      pinger_(*loop_, task.config, task.shared) {}

Result<void> Relays::add(std::size_t index, UniqueFd socket) {
  const Listener& listener = task_.config.listeners[index];
  ListenerCounters& counters = task_.shared.listeners[index];
  const auto no_room = [] { return failure("cannot watch another socket", ENOSPC); };
  switch (listener.kind) {
    case Listener::Kind::kTcpServer: {
      auto inside = open_inside(SOCK_STREAM, listener.listen_port);
      if (!inside) return tl::unexpected(inside.error());
      tcp_.push_back(std::make_unique<TcpListener>(services_, counters, listener, outside_,
                                                   std::move(*inside)));
      break;
    }
    case Listener::Kind::kUdpServer: {
      auto inside = open_inside(SOCK_DGRAM, listener.listen_port);
      if (!inside) return tl::unexpected(inside.error());
      udp_.push_back(std::make_unique<UdpForward>(services_, counters, listener, outside_,
                                                  std::move(*inside)));
      return udp_.back()->start() ? Result<void>() : no_room();
    }
    case Listener::Kind::kUdpClient:
      udp_.push_back(
          std::make_unique<UdpForward>(services_, counters, listener, tunnel_, std::move(socket)));
      return udp_.back()->start() ? Result<void>() : no_room();
    case Listener::Kind::kStdio:
      tcp_.push_back(
          std::make_unique<TcpListener>(services_, counters, listener, tunnel_, UniqueFd()));
      if (bridge_) tcp_.back()->serve(std::move(bridge_), [this] { over_ = true; });
      return {};
    default:
      tcp_.push_back(
          std::make_unique<TcpListener>(services_, counters, listener, tunnel_, std::move(socket)));
      tcp_.back()->use_tls(task_.identities[index].get());
  }
  return tcp_.back()->start() ? Result<void>() : no_room();
}

void Relays::run(int watched) {
  pinger_.start();
  const auto watch =
      loop_->watch_level(watched, EPOLLIN | EPOLLRDHUP, [this](std::uint32_t) { over_ = true; });
  if (!watch) return;
  while (!over_)
    loop_->turn();
}

}  // namespace wring::proxy
