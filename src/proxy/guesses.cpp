// A table that is emptied when its period is over.
#include "proxy/guesses.h"

namespace wring::proxy {
namespace {

IpPrefix network_of(const IpAddress& address) {
  constexpr std::uint8_t kNetwork6 = 64;
  return {address, address.is_v4() ? address.full_length() : kNetwork6};
}

}  // namespace

void Guesses::begin_period(TimePoint now) {
  if (now < until_) return;
  wrong_.clear();
  until_ = now + kPeriod;
}

bool Guesses::may_try(const IpAddress& from, TimePoint now) {
  begin_period(now);
  const auto found = wrong_.find(network_of(from));
  if (found != wrong_.end()) return found->second < kPerPeriod;
  return wrong_.size() < kMaxAddresses;
}

void Guesses::count_wrong(const IpAddress& from, TimePoint now) {
  begin_period(now);
  ++wrong_[network_of(from)];
}

}  // namespace wring::proxy
