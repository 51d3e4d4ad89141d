// How many handshake messages under load are worked on for one source (P32).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

#include "base/clock.h"
#include "ip/ip_address.h"

namespace wring {

// A token bucket for each IPv4 address and each IPv6 /64: 20 messages per second, 5 at once. Kept
// in a search tree, whose cost an attacker who picks the addresses cannot raise. Control thread
// only.
class RateLimiter {
 public:
  static constexpr std::size_t kMaxSources = 65536;  // when full, a new source is refused

  // True if a message from `source` may be worked on now. `now` does not go backwards.
  [[nodiscard]] bool allow(const IpAddress& source, TimePoint now);
  // Sources remembered; one is forgotten once it was silent for a second.
  [[nodiscard]] std::size_t size() const { return buckets_.size(); }
  // When the oldest entry is due to be forgotten; kNever if there is none.
  [[nodiscard]] TimePoint next_expiry() const;
  // Forgets the sources that were silent for a second. allow() does it too.
  void expire(TimePoint now);

 private:
  struct Bucket {
    IpAddress source;
    Duration credit;  // the time that was saved up; a message costs 50 ms of it
    TimePoint last_seen;
  };
  using Order = std::list<Bucket>;  // the one heard last stands last

  Order order_;
  std::map<IpAddress, Order::iterator> buckets_;
};

}  // namespace wring
