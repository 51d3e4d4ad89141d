// SOCKS 5's UDP ASSOCIATE: datagrams of one client to anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "protocols/socks5.h"
#include "proxy/counters.h"
#include "proxy/datagrams.h"
#include "proxy/services.h"

namespace wring::proxy {

class Association {
 public:
  // Listens outside, at the address that the client reached us at. Takes datagrams from the
  // client's address alone, and from `port`; 0: from the port that the first of them came from.
  static tl::expected<std::unique_ptr<Association>, Refusal> create(Services& services,
                                                                    ListenerCounters& counters,
                                                                    const Endpoint& local,
                                                                    const Endpoint& client,
                                                                    std::uint16_t port);
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;
  ~Association() { *alive_ = false; }

  [[nodiscard]] Endpoint address() const;

 private:
  // Names that wait for an answer, and names that are remembered for as long as this lasts: of
  // more, the oldest is forgotten.
  static constexpr std::size_t kMaxNames = 64;
  // Of datagrams that wait for an answer.
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{128} << 10;

  struct Asked {
    config::HostPort to;
    WaitingDatagram datagram;
  };

  Association(Services& services, ListenerCounters& counters, const Endpoint& client,
              std::uint16_t port);
  [[nodiscard]] bool open(const Endpoint& local);
  void take_from_client(const Endpoint& from, std::string_view bytes);
  void look_up(const config::HostPort& to, std::string_view payload);
  void take_answer(std::uint64_t asked, const std::vector<IpAddress>& addresses);
  void send_to_target(const Endpoint& to, std::string_view payload);
  void take_from_target(const Endpoint& from, std::string_view payload);
  [[nodiscard]] Datagrams* socket_for(IpVersion version);
  void drop() { counters_.dropped.fetch_add(1, std::memory_order_relaxed); }

  Services& services_;
  ListenerCounters& counters_;
  Endpoint client_;
  bool port_is_known_ = false;
  std::unique_ptr<Datagrams> outside_;
  std::map<IpVersion, std::unique_ptr<Datagrams>> inside_;
  std::map<std::string, IpAddress> names_;
  std::deque<std::string> names_in_turn_;  // the oldest first
  WaitingBytes room_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t next_asked_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wring::proxy
