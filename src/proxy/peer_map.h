// Which peer an address is behind, and whether that one answers.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "config/tunnel_config.h"
#include "proxy/counters.h"

namespace wring::proxy {

// By the longest prefix, as the engine has it.
class PeerMap {
 public:
  // While a peer is silent, one connection in this time goes out all the same, so that its engine
  // tries for a handshake.
  static constexpr std::chrono::seconds kRetry{5};

  PeerMap(const config::TunnelConfig& config, const Shared& shared);

  // The same with another configuration.
  void become(const config::TunnelConfig& config);

  // Whether a connection to that address is in vain at present.
  [[nodiscard]] bool is_silent(const IpAddress& to, TimePoint now);

 private:
  struct Route {
    IpPrefix prefix;
    std::size_t peer = 0;
  };

  const Shared& shared_;
  std::vector<Route> routes_;  // the longest first
  std::vector<TimePoint> next_try_;
};

}  // namespace wring::proxy
