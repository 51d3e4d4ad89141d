// How many handshake messages under load are worked on for one source (P32).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

#include "base/clock.h"
#include "ip/ip_address.h"

namespace wring {

// A token bucket for each prefix of one length: `per_second` messages, a quarter of that at once.
// A bucket is full again after 250 ms of silence and is forgotten after one second. Kept in a
// search tree, because an attacker who picks the addresses cannot raise its cost.
class TokenBuckets {
 public:
  static constexpr std::size_t kMaxBuckets = 65536;  // when full, a new source gets no bucket

  struct Bucket {
    IpAddress prefix;
    Duration credit;  // the time that was saved up, of which a message costs a part
    TimePoint last_seen;
  };

  explicit TokenBuckets(unsigned per_second)
      : cost_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second) {}

  // The bucket of `prefix`, filled up to `now`; null if it is new and there is no room.
  [[nodiscard]] Bucket* find_or_add(const IpAddress& prefix, TimePoint now);
  [[nodiscard]] bool can_pay(const Bucket& bucket) const { return bucket.credit >= cost_; }
  void charge(Bucket& bucket) const { bucket.credit -= cost_; }

  [[nodiscard]] std::size_t size() const { return buckets_.size(); }
  [[nodiscard]] TimePoint next_expiry() const;
  void expire(TimePoint now);

 private:
  using Order = std::list<Bucket>;  // the one heard last is last

  const Duration cost_;
  Order order_;
  std::map<IpAddress, Order::iterator> buckets_;
};

// 20 messages per second, 5 at once, for each IPv4 address and each IPv6 /64. A sender that has one
// /64 easily has a /48 with 65,536 of them, so wider prefixes have buckets, too: 200 per second
// for a /48, 1,000 for a /32 (docs/decisions/0025-handshakes-under-attack.md and
// 0072-a-flood-in-batches.md). Control thread only.
class RateLimiter {
 public:
  // True if a message from `source` may be worked on now. A refused one costs nothing at any width.
  // `now` does not go backwards.
  [[nodiscard]] bool allow(const IpAddress& source, TimePoint now);
  // Sources remembered: IPv4 addresses and IPv6 /64s.
  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  // When the oldest entry is due to be forgotten; kNever if there is none.
  [[nodiscard]] TimePoint next_expiry() const;
  // Forgets the sources that were silent for a second. allow() does it too.
  void expire(TimePoint now);

 private:
  TokenBuckets sources_{20};
  TokenBuckets sites_{200};        // IPv6 /48
  TokenBuckets providers_{1'000};  // IPv6 /32
};

}  // namespace wring
