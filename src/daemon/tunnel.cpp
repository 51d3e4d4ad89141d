// Puts the parts of an interface together, and runs the control thread's loop.
#include "daemon/tunnel.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <thread>

#include "crypto/aead.h"
#include "daemon/describe_engine.h"
#include "daemon/event_text.h"
#include "daemon/peer_name.h"
#include "process/confinement.h"
#include "process/locked_memory.h"

namespace wring {
namespace {

// With more threads, the control thread that hands out the work would be the bottleneck.
constexpr unsigned kMaxHandshakeThreads = 16;

unsigned handshake_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxHandshakeThreads);
}

}  // namespace

Result<std::unique_ptr<Tunnel>> Tunnel::open(TunnelOptions options) {
  if (!prepare_crypto()) return failure("libsodium cannot be initialised");
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto wakeup = Wakeup::create();
  if (!wakeup) return tl::unexpected(wakeup.error());
  auto interface = InnerInterface::open(std::move(options.handed_in), options.interface,
                                        options.workers, options.offload);
  if (!interface) return tl::unexpected(interface.error());
  const unsigned workers = interface->queue_count();
  if (options.cpus.size() > workers) {
    spdlog::warn("{}: what was handed in has {} queues: as many workers, on the first of the CPUs",
                 interface->name(), workers);
  }
  const Offloads offloads = interface->offloads(options.offload);
  auto socket = options.uapi_fd ? UapiSocket::adopt(std::move(options.uapi_fd))
                                : UapiSocket::open(interface->name());
  if (!socket) return tl::unexpected(socket.error());
  if (const auto& problem = socket->watch_problem()) {
    spdlog::warn("{}: {}", interface->name(), problem->message);
  }

  std::unique_ptr<Tunnel> tunnel(new Tunnel(std::move(*interface), std::move(*loop),
                                            std::move(*wakeup), offloads, options.cipher));
  if (auto started = tunnel->start_workers(options); !started)
    return tl::unexpected(started.error());
  describe_workers(*tunnel->workers_.front(), workers, offloads, tunnel->configuration_.engine());
  spdlog::debug("{}: packets are sealed and opened by {}", tunnel->interface(),
                tunnel->configuration_.engine().cipher);
  if (options.key_log) {
    spdlog::warn("{}: the keys of every session go to the key log: who reads it reads the traffic",
                 tunnel->interface());
    tunnel->key_log_ = std::move(options.key_log);
    tunnel->device_.set_ephemeral_observer(
        [raw = tunnel.get()](const DevicePeer& peer, const PrivateKey& ephemeral) {
          raw->log_keys(peer, ephemeral);
        });
  }
  auto server = UapiServer::start(tunnel->loop_, tunnel->configuration_, std::move(*socket));
  if (!server) return tl::unexpected(server.error());
  tunnel->uapi_ = std::move(*server);
  if (auto watched = tunnel->watch(); !watched) return tl::unexpected(watched.error());
  return tunnel;
}

Tunnel::Tunnel(InnerInterface interface, EventLoop loop, Wakeup wakeup, const Offloads& offloads,
               std::optional<AeadBackend> cipher)
    : interface_(std::move(interface)),
      loop_(std::move(loop)),
      wakeup_(std::move(wakeup)),
      binding_(interface_.queue_count(), offloads.udp,
               [this](const std::shared_ptr<const UdpSockets>& sockets) {
                 shared_.listen_port.store(sockets ? sockets->port() : 0,
                                           std::memory_order_relaxed);
                 for (auto& worker : workers_)
                   worker->set_sockets(sockets);
               }),
      handshake_pool_(wakeup_),
      device_(shared_, rng_, *this, &handshake_pool_),
      configuration_(device_, shared_, settings_, clock_) {
  configuration_.before_describing([this](EngineCounts& counts) {
    count_lost_packets();
    count_threads(workers_, handshake_pool_, counts);
  });
  const unsigned workers = interface_.queue_count();
  device_.set_workers(workers);
  for (unsigned i = 0; i < workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(shared_, clock_, wakeup_, i, offloads, cipher, logged_));
    turn_.add_queue(workers_.back()->handshakes());
  }
  device_.set_observer([this](const Peer& peer, DeviceEvent event) {
    spdlog::debug("peer {}: {}", short_name(peer.public_key), describe(event));
    report(peer, event);
  });
}

Tunnel::~Tunnel() {
  uapi_.reset();
  binding_.close();
  // No worker looks at the tables any more when they are taken apart.
  for (auto& worker : workers_)
    worker->stop();
}

Result<void> Tunnel::start_workers(const TunnelOptions& options) {
  std::vector<std::unique_ptr<PacketPump>> pumps;
  for (unsigned i = 0; i < workers_.size(); ++i) {
    auto made = make_pump(options.io, interface_.queue(i), i, *workers_[i]);
    if (!made) return tl::unexpected(made.error());
    if (made->uring_refused && i == 0) {
      spdlog::warn("{}: packets go by epoll: {}", interface(), made->uring_refused->message);
    }
    if (i == 0) {
      configuration_.engine().pump =
          made->uring_refused || options.io == PumpKind::kEpoll ? "epoll" : "io_uring";
    }
    pumps.push_back(std::move(made->pump));
  }
  configuration_.engine().version = options.version;
  // All that takes privileges is open, and there is no other thread and no key yet.
  if (auto locked = lock_memory(); !locked) {
    spdlog::warn("{}: {}", interface(), locked.error().message);
  }
  if (auto dropped = drop_privileges(options.privileges); !dropped) return dropped;
  filter_system_calls_ = options.privileges.filter_system_calls;
  for (unsigned i = 0; i < workers_.size(); ++i) {
    Worker::Confinement confinement;
    if (i < options.cpus.size()) confinement.cpu = options.cpus[i];
    confinement.filter_system_calls = filter_system_calls_;
    workers_[i]->start(std::move(pumps[i]), confinement);
  }
  handshake_pool_.start(handshake_threads(), [filter = filter_system_calls_] {
    if (auto done = confine_worker(ThreadRole::kHandshakes, filter); !done) {
      spdlog::error("{}", done.error().message);
    }
  });
  return {};
}

Result<void> Tunnel::watch() {
  uapi_->on_removed([this](const char* why) { end(why); });
  if (auto added = loop_.add(wakeup_.fd(), EPOLLIN, [this](std::uint32_t) { wakeup_.clear(); });
      !added) {
    return added;
  }
  const int link = interface_.monitor().fd();
  if (link >= 0) {
    auto added = loop_.add(link, EPOLLIN, [this](std::uint32_t) { poll_link(); });
    if (!added) return added;
  }
  follow_routes();
  on_link(interface_.monitor().state());
  return {};
}

void Tunnel::follow_routes() {
  auto lookup = RouteLookup::open();
  auto notices = RouteNotices::open();
  if (!lookup || !notices) {
    spdlog::warn(
        "{}: {}; the tunnel follows a change of routes only when it fails to send or hears "
        "nothing",
        interface(), (lookup ? notices.error() : lookup.error()).message);
    return;
  }
  routes_.emplace(std::move(*lookup), std::move(*notices), binding_);
  device_.follow_routes(*routes_);
}

// While the device does not listen, the notices are left to the kernel: that costs nothing.
void Tunnel::watch_routes() {
  if (!routes_ || watches_routes_ == device_.listens_to_routes()) return;
  watches_routes_ = !watches_routes_;
  if (!watches_routes_) return loop_.remove(routes_->fd());
  auto added =
      loop_.add(routes_->fd(), EPOLLIN, [this](std::uint32_t) { device_.on_routes_changed(); });
  if (!added) spdlog::warn("{}: {}", interface(), added.error().message);
}

Result<void> Tunnel::confine() const {
  if (!filter_system_calls_) return {};
  return confine_control(uapi_->folder());
}

Result<void> Tunnel::run(int signal_fd) {
  auto added =
      loop_.add(signal_fd, EPOLLIN, [this, signal_fd](std::uint32_t) { on_signal(signal_fd); });
  if (!added) return added;
  while (!ended_) {
    watch_routes();
    loop_.run_once(next_turn());
    outbox_.retry(binding_.sockets());
    // A port that was taken when the interface came up is tried again once another was set.
    if (refused_port_ && *refused_port_ != binding_.port()) {
      on_link(interface_.monitor().state());
    }
    if (std::any_of(workers_.begin(), workers_.end(), [](auto& w) { return w->tun_gone(); })) {
      if (!interface_.still_exists()) end("the interface was deleted");
    }
    turn_.run(handshake_pool_.take_done(), clock_.instant());
    handshake_pool_.start_submitted();
    watch_drops();
  }
  loop_.remove(signal_fd);
  spdlog::log(by_signal_ ? spdlog::level::info : spdlog::level::warn, "{}: ending: {}", interface(),
              *ended_);
  return {};
}

TimePoint Tunnel::next_turn() const {
  const TimePoint due = std::min(turn_.deadline(), drop_watch_.due());
  if (outbox_.is_empty()) return due;
  return std::min(due, clock_.now() + ControlOutbox::kRetryInterval);
}

int Tunnel::send(const OutgoingDatagram& datagram) {
  return outbox_.send(binding_.sockets(), datagram);
}

void Tunnel::on_signal(int signal_fd) {
  signalfd_siginfo info;
  if (::read(signal_fd, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo != SIGUSR1) {
    by_signal_ = true;
    return end(strsignal(static_cast<int>(info.ssi_signo)));
  }
  count_lost_packets();
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = shared_.drops.get(reason);
    if (count != 0) spdlog::warn("{}: dropped {}: {}", interface(), name(reason), count);
  }
}

void Tunnel::report(const Peer& peer, DeviceEvent event) {
  const std::string_view name = event_name(event);
  if (name.empty() || !uapi_) return;
  uapi_->report({.name = name,
                 .at = clock_.wall_now(),
                 .peer = &peer.public_key,
                 .endpoint = peer.endpoint.load(),
                 .reason = std::nullopt});
}

void Tunnel::watch_drops() {
  if (!uapi_->has_listeners()) return drop_watch_.stop();
  const TimePoint now = clock_.now();
  if (drop_watch_.is_running() && now < drop_watch_.due()) return;
  count_lost_packets();
  if (!drop_watch_.is_running()) return drop_watch_.start(shared_.drops.all(), now);
  drop_watch_.look(shared_.drops.all(), now, [this](DropReason reason, std::uint64_t count) {
    uapi_->report({.name = "drops", .at = clock_.wall_now(), .reason = reason, .count = count});
  });
}

void Tunnel::count_lost_packets() {
  shared_.drops.add(DropReason::kInnerQueueFull, interface_.take_lost());
}

void Tunnel::log_keys(const DevicePeer& peer, const PrivateKey& ephemeral) {
  if (!key_log_) return;
  const int error =
      key_log_->add(*device_.identity(), peer.public_key, ephemeral, peer.preshared_key);
  if (error == 0) return;
  spdlog::error("{}: cannot write to the key log: {}; no more keys go there", interface(),
                std::strerror(error));
  key_log_.reset();
}

void Tunnel::poll_link() {
  auto changed = interface_.monitor().poll();
  if (!changed) {
    // The tunnel goes on. Only changes of MTU, up and down are not noticed any more.
    spdlog::warn("{}: {}", interface(), changed.error().message);
    loop_.remove(interface_.monitor().fd());
  } else if (*changed) {
    on_link(**changed);
  }
}

void Tunnel::on_link(const LinkState& state) {
  if (!state.exists) return end("the interface was deleted");
  shared_.tun_ifindex.store(interface_.monitor().own_ifindex(), std::memory_order_relaxed);
  // It says how far packets are padded, which must not make one too large to be sent.
  const unsigned mtu = std::min(state.mtu, kMaxPacketOverIpv4);
  if (mtu != shared_.mtu.load(std::memory_order_relaxed)) {
    spdlog::debug("{}: MTU {}", interface(), state.mtu);
    shared_.mtu.store(mtu, std::memory_order_relaxed);
    if (state.mtu > mtu && state.mtu != warned_mtu_) {
      warned_mtu_ = state.mtu;
      spdlog::warn(
          "{}: with an MTU of {}, packets of more than {} bytes are lost on the way to a "
          "peer over IPv4: no UDP datagram holds them; set the MTU to {}",
          interface(), state.mtu, mtu, mtu);
    }
  }
  refused_port_.reset();
  if (state.up && !device_.is_up()) {
    if (auto opened = binding_.open(); !opened) {
      refused_port_ = binding_.port();
      spdlog::error(
          "{}: {}; set another listen-port, or free this one and set the interface down and up",
          interface(), opened.error().message);
      return;
    }
    spdlog::debug("{}: up, listening on port {}", interface(), binding_.port());
    if (const auto shortage = binding_.take_shortage())
      spdlog::warn("{}: {}", interface(), *shortage);
    device_.bring_up(clock_.instant());
  } else if (!state.up && device_.is_up()) {
    spdlog::debug("{}: down", interface());
    device_.bring_down();
    binding_.close();
  }
}

void Tunnel::end(std::string why) {
  if (!ended_) ended_ = std::move(why);
}

}  // namespace wring
