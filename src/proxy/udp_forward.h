// Datagrams that come to a port go on to a target, and answers come back.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/counters.h"
#include "proxy/datagrams.h"
#include "proxy/services.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

class UdpForward {
 public:
  // Of one forward. If all are in use, or few places are left to all listeners, those that were
  // quiet for kQuiet make room; if there are none, a newcomer's datagrams are dropped.
  static constexpr std::size_t kMaxFlows = 4096;
  static constexpr std::chrono::seconds kQuiet{60};
  // Datagrams of one flow that wait for the look-up of its target, and bytes of all flows together.
  static constexpr std::size_t kMaxWaiting = 16;
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20;
  // How often flows are looked at whose inactivity may have lasted long enough.
  static constexpr std::chrono::seconds kLook{5};

  // `socket` is bound. The target is at `reach`.
  UdpForward(Services& services, ListenerCounters& counters, const Listener& listener, Reach& reach,
             UniqueFd socket);
  UdpForward(const UdpForward&) = delete;
  UdpForward& operator=(const UdpForward&) = delete;
  ~UdpForward();

  [[nodiscard]] bool start();
  // For flows that begin from now on, at the same socket.
  void become(const Listener& listener);

 private:
  struct Flow {
    Endpoint client;
    std::unique_ptr<Datagrams> socket;  // connected to the target; none while it is looked up
    std::vector<WaitingDatagram> waiting;
    TimePoint last{};
  };

  void take_from_client(const Endpoint& from, std::string_view payload);
  void look_up(const std::string& key);
  void use(const std::string& key, const std::vector<IpAddress>& addresses);
  void send_to_target(Flow& flow, std::string_view payload);
  void take_from_target(const std::string& key, std::string_view payload);
  void remove(const std::string& key);
  void look();
  void make_room();
  void remove_idle(Duration limit);
  void drop() { counters_.dropped.fetch_add(1, std::memory_order_relaxed); }

  Services& services_;
  ListenerCounters& counters_;
  Listener listener_;
  Reach& reach_;
  Datagrams front_;
  WaitingBytes room_;
  std::map<std::string, Flow> flows_;  // by the client's address
  TimePoint next_room_{};
  Loop::TimerId timer_ = Loop::kNoTimer;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
