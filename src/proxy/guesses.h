// Limits how often passwords are tried from one address.
#pragma once

#include <cstddef>
#include <list>
#include <map>

#include "base/clock.h"
#include "ip/ip_address.h"

namespace wring::proxy {

// Counts wrong ones in periods. Nobody can lock out others, but those of his own network. Pure.
class Guesses {
 public:
  static constexpr unsigned kPerPeriod = 10;
  // From all of an IPv6 network of 48 bits, which one site may have alone, and a network operator
  // may share out among its customers.
  static constexpr unsigned kPerSite = 100;
  static constexpr std::chrono::seconds kPeriod{60};
  // That are remembered in one period. Of more, the one that was wrong longest ago is forgotten.
  static constexpr std::size_t kMaxNetworks = 4096;

  // Whether a client from there may try. For IPv6 a network of 64 bits counts as one address.
  [[nodiscard]] bool may_try(const IpAddress& from, TimePoint now);
  void count_wrong(const IpAddress& from, TimePoint now);

 private:
  struct Network {
    unsigned wrong = 0;
    std::list<IpPrefix>::iterator turn;
  };

  void begin_period(TimePoint now);
  void count(const IpPrefix& network);
  [[nodiscard]] unsigned wrong_of(const IpPrefix& network) const;

  TimePoint until_{};
  std::map<IpPrefix, Network> networks_;
  std::list<IpPrefix> in_turn_;  // the one that was wrong longest ago first
};

}  // namespace wring::proxy
