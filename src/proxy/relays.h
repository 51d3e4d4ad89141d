// All listeners of a proxy on one loop, between the two ends of the tunnel.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "proxy/dial.h"
#include "proxy/flow.h"
#include "proxy/loop.h"
#include "proxy/peer_map.h"
#include "proxy/pinger.h"
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
  // `bridge` is a connection of stdin and stdout, if a listener wants one. Task and outside
  // outlive it.
  static Result<std::unique_ptr<Relays>> open(RelayTask& task, OtherSide& outside, UniqueFd bridge);

  // Until the connection of stdin and stdout is over, or the descriptor's other end hangs up.
  void run(int watched);

 private:
  // Datagrams that wait for the look-up of names, over all listeners.
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{8} << 20;

  Relays(RelayTask& task, OtherSide& outside, std::unique_ptr<Loop> loop,
         std::unique_ptr<HereSide> here, std::unique_ptr<Resolver> by_tunnel,
         std::unique_ptr<Resolver> by_system);
  [[nodiscard]] Result<void> add(std::size_t index, UniqueFd socket);

  std::unique_ptr<Loop> loop_;
  std::unique_ptr<HereSide> here_;
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
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::vector<std::unique_ptr<UdpForward>> udp_;
  UniqueFd bridge_;
  bool over_ = false;
};

}  // namespace wring::proxy
