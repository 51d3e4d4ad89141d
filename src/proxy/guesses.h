// Limits how often passwords are tried from one address.
#pragma once

#include <cstddef>
#include <map>

#include "base/clock.h"
#include "ip/ip_address.h"

namespace wring::proxy {

// Counts wrong ones in periods. Pure.
class Guesses {
 public:
  static constexpr unsigned kPerPeriod = 10;
  static constexpr std::chrono::seconds kPeriod{60};
  // Of different addresses. If there are more in one period, nobody else may try in it.
  static constexpr std::size_t kMaxAddresses = 4096;

  // Whether a client from there may try. For IPv6 a network of 64 bits counts as one address.
  [[nodiscard]] bool may_try(const IpAddress& from, TimePoint now);
  void count_wrong(const IpAddress& from, TimePoint now);

 private:
  void begin_period(TimePoint now);

  TimePoint until_{};
  std::map<IpPrefix, unsigned> wrong_;
};

}  // namespace wring::proxy
