// Limits handshake messages per source while the device is under load (P32).
#include "tables/rate_limiter.h"

#include <algorithm>
#include <iterator>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFullBucket = 250ms;
constexpr Duration kForgetAfter = 1s;

// What one customer gets, what one site gets, and what one provider gets.
constexpr std::uint8_t kSourceLength = 64;
constexpr std::uint8_t kSiteLength = 48;
constexpr std::uint8_t kProviderLength = 32;

}  // namespace

TokenBuckets::Bucket* TokenBuckets::find_or_add(const IpAddress& prefix, TimePoint now) {
  const auto found = buckets_.find(prefix);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kMaxBuckets) return nullptr;
    order_.push_back({prefix, kFullBucket, now});
    buckets_.emplace(prefix, std::prev(order_.end()));
    return &order_.back();
  }
  const auto bucket = found->second;
  order_.splice(order_.end(), order_, bucket);
  bucket->credit = std::min(kFullBucket, bucket->credit + (now - bucket->last_seen));
  bucket->last_seen = now;
  return &*bucket;
}

TimePoint TokenBuckets::next_expiry() const {
  return order_.empty() ? kNever : order_.front().last_seen + kForgetAfter;
}

void TokenBuckets::expire(TimePoint now) {
  while (!order_.empty() && now - order_.front().last_seen >= kForgetAfter) {
    buckets_.erase(order_.front().prefix);
    order_.pop_front();
  }
}

bool RateLimiter::allow(const IpAddress& source, TimePoint now) {
  expire(now);
  if (source.is_v4()) {
    TokenBuckets::Bucket* own = sources_.find_or_add(source, now);
    if (own == nullptr || !sources_.can_pay(*own)) return false;
    sources_.charge(*own);
    return true;
  }
  // The widest first: a prefix that is over its limit gets no new buckets for its parts.
  TokenBuckets::Bucket* provider =
      providers_.find_or_add(IpPrefix(source, kProviderLength).address, now);
  if (provider == nullptr || !providers_.can_pay(*provider)) return false;
  TokenBuckets::Bucket* site = sites_.find_or_add(IpPrefix(source, kSiteLength).address, now);
  if (site == nullptr || !sites_.can_pay(*site)) return false;
  TokenBuckets::Bucket* own = sources_.find_or_add(IpPrefix(source, kSourceLength).address, now);
  if (own == nullptr || !sources_.can_pay(*own)) return false;
  providers_.charge(*provider);
  sites_.charge(*site);
  sources_.charge(*own);
  return true;
}

TimePoint RateLimiter::next_expiry() const {
  return std::min({sources_.next_expiry(), sites_.next_expiry(), providers_.next_expiry()});
}

void RateLimiter::expire(TimePoint now) {
  sources_.expire(now);
  sites_.expire(now);
  providers_.expire(now);
}

}  // namespace wring
