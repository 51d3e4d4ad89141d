#include "device/rate_limiter.h"

#include <algorithm>
#include <iterator>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCost = 50ms;        // 20 per second
constexpr Duration kFull = 5 * kCost;   // burst of 5
constexpr Duration kForgetAfter = 1s;   // the bucket is full again long before
constexpr std::uint8_t kV6Length = 64;  // an IPv6 host has a whole /64 to send from

IpAddress bucket_of(const IpAddress& source) {
  return source.is_v4() ? source : IpPrefix(source, kV6Length).address;
}

}  // namespace

bool RateLimiter::allow(const IpAddress& source, TimePoint now) {
  expire(now);
  const IpAddress key = bucket_of(source);
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMaxSources) return false;
    order_.push_back({key, kFull - kCost, now});
    buckets_.emplace(key, std::prev(order_.end()));
    return true;
  }
  const auto bucket = found->second;
  order_.splice(order_.end(), order_, bucket);
  bucket->credit = std::min(kFull, bucket->credit + (now - bucket->last_seen));
  bucket->last_seen = now;
  if (bucket->credit < kCost) return false;
  bucket->credit -= kCost;
  return true;
}

TimePoint RateLimiter::next_expiry() const {
  return order_.empty() ? kNever : order_.front().last_seen + kForgetAfter;
}

void RateLimiter::expire(TimePoint now) {
  while (!order_.empty() && now - order_.front().last_seen >= kForgetAfter) {
    buckets_.erase(order_.front().source);
    order_.pop_front();
  }
}

}  // namespace wring
