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

}  // namespace

Families families_outside(const ProxyConfig& config) {
  return prefers_ipv4(config) ? Families::kIpv4First : Families::kIpv6First;
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

Result<std::unique_ptr<Relays>> Relays::open(RelayTask& task, Side& inside, Side& outside,
                                             UniqueFd bridge) {
  auto loop = Loop::create();
  if (!loop) return tl::unexpected(loop.error());
  const std::vector<IpAddress> servers = servers_of(task.config);
  std::optional<Resolver::HostFile> file;
  if (!task.host_names.empty()) {
    file.emplace(Resolver::HostFile{task.host_names, task.shared.host_names_version});
  }
  auto by_system = Resolver::create(**loop, outside, {}, std::move(file));
  if (!by_system) return tl::unexpected(by_system.error());
  std::unique_ptr<Resolver> by_tunnel;
  if (!servers.empty() && task.config.resolving.by == Resolving::By::kTunnel) {
    auto made = Resolver::create(**loop, inside, servers);
    if (!made) return tl::unexpected(made.error());
    by_tunnel = std::move(*made);
  }
  std::unique_ptr<Relays> relays(new Relays(task, inside, outside, std::move(*loop),
                                            std::move(by_tunnel), std::move(*by_system)));
  relays->bridge_ = std::move(bridge);
  for (std::size_t i = 0; i < task.listeners.size(); ++i) {
    auto added = relays->add(task.config.listeners[i], std::move(task.listeners[i]),
                             std::move(task.identities[i]));
    if (!added) return tl::unexpected(added.error());
  }
  return relays;
}

Relays::Relays(RelayTask& task, Side& inside, Side& outside, std::unique_ptr<Loop> loop,
               std::unique_ptr<Resolver> by_tunnel, std::unique_ptr<Resolver> by_system)
    : loop_(std::move(loop)),
      by_tunnel_(std::move(by_tunnel)),
      by_system_(std::move(by_system)),
      peers_(task.config.tunnel, task.shared),
      tunnel_{*loop_,
              inside,
              by_tunnel_ ? by_tunnel_.get() : by_system_.get(),
              families_of(task.config),
              [this](const IpAddress& to) { return peers_.is_silent(to, loop_->now()); },
              Waiting(task.shared.waiting, &task.somebody_waits)},
      outside_{*loop_,
               outside,
               by_tunnel_ ? by_tunnel_.get() : by_system_.get(),
               families_outside(task.config),
               {},
               Waiting(waiting_outside_, nullptr)},
      places_(task.most_connections),
      services_{*loop_, pipes_, places_, tunnel_, outside_, waiting_bytes_},
      task_(task),
      pinger_(*loop_, inside, task.config, task.shared) {}

// A socket inside that was not made so far is made.
Result<void> Relays::add(const Listener& listener, UniqueFd socket,
                         std::unique_ptr<TlsIdentity> identity) {
  using Kind = Listener::Kind;
  ListenerCounters& counters = task_.shared.listeners[listener.place];
  const bool datagrams = listener.kind == Kind::kUdpClient || listener.kind == Kind::kUdpServer;
  const bool inside = listener.kind == Kind::kTcpServer || listener.kind == Kind::kUdpServer;
  if (inside && !socket) {
    auto made = tunnel_.side.open_port(datagrams ? SOCK_DGRAM : SOCK_STREAM, listener.listen_port);
    if (!made) return tl::unexpected(made.error());
    socket = std::move(*made);
  }
  Reach& reach = inside ? outside_ : tunnel_;
  const auto no_room = [] { return failure("cannot watch another socket", ENOSPC); };
  if (listener.kind == Kind::kGateway) {
    auto sockets = open_gateway(kInnerName);
    if (!sockets) return failure("[Gateway]: " + sockets.error().message);
    auto& made = gateways_[listener.place] = std::make_unique<Gateway>(
        services_, counters, listener, std::move(*sockets), std::move(task_.pings));
    return made->start() ? Result<void>() : no_room();
  }
  if (datagrams) {
    auto& made = udp_[listener.place] =
        std::make_unique<UdpForward>(services_, counters, listener, reach, std::move(socket));
    return made->start() ? Result<void>() : no_room();
  }
  auto& made = tcp_[listener.place] =
      std::make_unique<TcpListener>(services_, counters, listener, reach, std::move(socket));
  if (inside) made->accept_by(tunnel_.side);
  made->use_tls(std::move(identity));
  if (listener.kind != Kind::kStdio) return made->start() ? Result<void>() : no_room();
  if (bridge_) made->serve(std::move(bridge_), [this] { over_ = true; });
  return {};
}

void Relays::run(const exec::Channel& channel) {
  pinger_.start();
  const auto watch = loop_->watch_level(channel.fd(), EPOLLIN | EPOLLRDHUP,
                                        [this, &channel](std::uint32_t) { take_message(channel); });
  if (!watch) return;
  while (!over_)
    loop_->turn();
}

}  // namespace wring::proxy
