// Pings of peers to addresses behind the proxy, and their answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "ip/endpoint.h"
#include "proxy/counters.h"
#include "proxy/gateway_sockets.h"
#include "proxy/services.h"

namespace wring::proxy {

// Sockets outside, by which an ordinary user may ping; empty: it may not.
struct PingSockets {
  UniqueFd four;
  UniqueFd six;

  // In the network namespace of the calling thread.
  static PingSockets open();
};

// Whether a host has that address for its own, by whether a socket there may have it. If none can
// be made, it does.
[[nodiscard]] bool has_address(Side& side, const IpAddress& address);

class GatewayPings {
 public:
  // That wait for an answer. If there are more, the newest is dropped.
  static constexpr std::size_t kMaxWaiting = 4096;
  static constexpr std::chrono::seconds kLimit{10};
  using MayPass = std::function<bool(const Endpoint& from, const Endpoint& to)>;

  GatewayPings(Services& services, ListenerCounters& counters, GatewaySockets& inside,
               PingSockets outside, MayPass may_pass);
  GatewayPings(const GatewayPings&) = delete;
  GatewayPings& operator=(const GatewayPings&) = delete;
  ~GatewayPings();

  [[nodiscard]] bool start();

 private:
  struct Way {
    UniqueFd inside;  // raw
    UniqueFd outside;
  };
  struct Waiting {
    Endpoint peer;
    IpAddress target;
    std::uint16_t id = 0;
    std::uint16_t sequence = 0;
    TimePoint until{};
  };

  void take_requests(const Way& way);
  void take_replies(const Way& way);
  void pass_on(const Way& way, const Endpoint& peer, const Endpoint& target,
               std::vector<std::uint8_t> message);
  void answer(const Way& way, std::vector<std::uint8_t> message, const IpAddress& from);
  void drop() { counters_.dropped.fetch_add(1, std::memory_order_relaxed); }

  Services& services_;
  ListenerCounters& counters_;
  Way four_;
  Way six_;
  MayPass may_pass_;
  std::map<std::uint16_t, Waiting> waiting_;  // by the sequence outside
  std::uint16_t next_ = 0;
};

}  // namespace wring::proxy
