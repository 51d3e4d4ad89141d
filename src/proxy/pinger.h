// Pings the addresses of CheckAlive through the tunnel.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "ip/ip_address.h"
#include "proxy/counters.h"
#include "proxy/loop.h"
#include "proxy/sides.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

class Pinger {
 public:
  // Opens sockets at that side. In the namespace of the calling thread, ping_group_range has to
  // allow it, or the thread has CAP_NET_RAW. Otherwise no pong ever comes. Loop and counters
  // outlive it.
  Pinger(Loop& loop, Side& side, const ProxyConfig& config, Shared& shared);
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;
  ~Pinger();

  void start();
  // Pings the addresses of this one from now on.
  void become(const ProxyConfig& config);

 private:
  void ping();
  void take(const Echoes& echoes);
  void note(const IpAddress& who);

  Loop& loop_;
  std::vector<IpAddress> addresses_;
  Duration interval_;
  Shared& shared_;
  SystemClock clock_;
  Echoes four_;
  Echoes six_;
  std::uint16_t id_;  // of raw sockets, which get the answers of others, too
  std::uint16_t sequence_ = 0;
  Loop::TimerId timer_ = Loop::kNoTimer;
};

}  // namespace wring::proxy
