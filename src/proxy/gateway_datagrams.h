// Datagrams of peers to any address behind the proxy, and their answers.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/counters.h"
#include "proxy/datagrams.h"
#include "proxy/gateway_sockets.h"
#include "proxy/services.h"

namespace wring::proxy {

class GatewayDatagrams {
 public:
  // Of them all. While they are in use, those that were quiet for kQuiet make room.
  static constexpr std::size_t kMaxFlows = 4096;
  static constexpr std::chrono::seconds kQuiet{10};
  // Of flows without another InactivityTimeout. RFC 4787, REQ-5: not less than two minutes.
  static constexpr std::chrono::seconds kUsualLimit{120};
  static constexpr std::chrono::seconds kLook{5};

  // Whether a datagram may go from there to there.
  using MayPass = std::function<bool(const Endpoint& from, const Endpoint& to)>;

  // The sockets are those of GatewaySockets; the second one may be empty.
  GatewayDatagrams(Services& services, ListenerCounters& counters, UniqueFd four, UniqueFd six,
                   MayPass may_pass);
  GatewayDatagrams(const GatewayDatagrams&) = delete;
  GatewayDatagrams& operator=(const GatewayDatagrams&) = delete;
  ~GatewayDatagrams();

  [[nodiscard]] bool start();
  // After which a flow without a datagram is forgotten; 0: kUsualLimit.
  void limit(std::chrono::seconds inactivity) {
    limit_ = inactivity.count() == 0 ? Duration(kUsualLimit) : Duration(inactivity);
  }

 private:
  struct Flow {
    Endpoint peer;
    Endpoint target;
    std::unique_ptr<Datagrams> outside;  // connected to the target
    UniqueFd inside;                     // has the target's address
    TimePoint last{};
  };

  void receive(const UniqueFd& socket);
  void take(const Endpoint& from, const Endpoint& to, std::string_view payload);
  [[nodiscard]] bool open(const std::string& key, Flow& flow);
  void answer(const std::string& key, std::string_view payload);
  void remove(const std::string& key);
  void remove_idle(Duration limit);
  void look();
  void drop() { counters_.dropped.fetch_add(1, std::memory_order_relaxed); }

  Services& services_;
  ListenerCounters& counters_;
  UniqueFd four_;
  UniqueFd six_;
  MayPass may_pass_;
  Duration limit_ = kUsualLimit;
  std::map<std::string, Flow> flows_;  // by both addresses
  Loop::TimerId timer_ = Loop::kNoTimer;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
