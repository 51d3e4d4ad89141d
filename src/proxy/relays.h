// All listeners of a proxy on one loop, between the two ends of the tunnel.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/whole_file.h"
#include "exec/channel.h"
#include "proxy/dial.h"
#include "proxy/flow.h"
#include "proxy/gateway.h"
#include "proxy/loop.h"
#include "proxy/peer_map.h"
#include "proxy/pinger.h"
#include "proxy/relay_orders.h"
#include "proxy/relay_process.h"
#include "proxy/resolver.h"
#include "proxy/services.h"
#include "proxy/sides.h"
#include "proxy/tcp_listener.h"
#include "proxy/udp_forward.h"

namespace wring::proxy {

// In a thread in the network of the tunnel.
class Relays {
 public:
  // `bridge` is a connection of stdin and stdout, if a listener wants one. Task and sides outlive
  // it.
  static Result<std::unique_ptr<Relays>> open(RelayTask& task, Side& inside, Side& outside,
                                              UniqueFd bridge);

  // Until the connection of stdin and stdout is over, or the channel's other end has gone.
  // Meanwhile it carries out the orders that come by the channel, and answers kReady, or kFailed:
  // then nothing was changed.
  void run(const exec::Channel& channel);

 private:
  // Datagrams that wait for the look-up of names, over all listeners.
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{8} << 20;
  static constexpr std::size_t kMaxOrders = std::size_t{64} << 20;
  static constexpr std::chrono::seconds kSweepPeriod{1};

  Relays(RelayTask& task, Side& inside, Side& outside, std::unique_ptr<Loop> loop,
         std::unique_ptr<Resolver> by_tunnel, std::unique_ptr<Resolver> by_system);
  [[nodiscard]] Result<void> add(const Listener& listener, UniqueFd socket,
                                 std::unique_ptr<TlsIdentity> identity);

  // In relays_change.cpp.
  struct Prepared;
  void take_message(const exec::Channel& channel);
  [[nodiscard]] Result<void> carry_out(std::vector<UniqueFd> came);
  [[nodiscard]] Result<void> change(RelayOrders orders, std::vector<UniqueFd> sockets);
  [[nodiscard]] Result<Prepared> prepare(RelayOrders& orders, std::vector<UniqueFd>& sockets);
  [[nodiscard]] Result<void> use_names(const ProxyConfig& config);
  void remove_others(const std::vector<Listener>& wanted);
  void sweep();

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Resolver> by_tunnel_;  // null: no server was given
  std::unique_ptr<Resolver> by_system_;
  PeerMap peers_;
  std::atomic<std::uint64_t> waiting_outside_ = 0;
  Reach tunnel_;
  Reach outside_;
  Pipes pipes_;
  Places places_;
  WaitingBytes waiting_bytes_{kMaxWaitingBytes};
  Services services_;
  RelayTask& task_;
  Pinger pinger_;
  std::map<std::size_t, std::unique_ptr<TcpListener>> tcp_;  // by their places
  std::map<std::size_t, std::unique_ptr<UdpForward>> udp_;
  std::map<std::size_t, std::unique_ptr<Gateway>> gateways_;
  std::vector<std::unique_ptr<TcpListener>> retired_;  // with clients that are left
  std::vector<UniqueFd> came_;                         // with orders that are not complete
  Loop::TimerId sweep_ = Loop::kNoTimer;
  UniqueFd bridge_;
  bool over_ = false;
};

// Of which names and addresses a configuration wants. Pure.
[[nodiscard]] Families families_of(const ProxyConfig& config);
[[nodiscard]] Families families_outside(const ProxyConfig& config);
[[nodiscard]] std::vector<IpAddress> servers_of(const ProxyConfig& config);

}  // namespace wring::proxy
