// A table that is emptied when its period is over.
#include "proxy/guesses.h"

namespace wring::proxy {
namespace {

constexpr std::uint8_t kNetwork6 = 64;
constexpr std::uint8_t kSite6 = 48;

IpPrefix network_of(const IpAddress& address) {
  return {address, address.is_v4() ? address.full_length() : kNetwork6};
}

IpPrefix site_of(const IpAddress& address) {
  return {address, kSite6};
}

}  // namespace

void Guesses::begin_period(TimePoint now) {
  if (now < until_) return;
  networks_.clear();
  in_turn_.clear();
  until_ = now + kPeriod;
}

bool Guesses::may_try(const IpAddress& from, TimePoint now) {
  begin_period(now);
  if (wrong_of(network_of(from)) >= kPerPeriod) return false;
  return from.is_v4() || wrong_of(site_of(from)) < kPerSite;
}

void Guesses::count_wrong(const IpAddress& from, TimePoint now) {
  begin_period(now);
  count(network_of(from));
  if (!from.is_v4()) count(site_of(from));
}

void Guesses::count(const IpPrefix& network) {
  const auto [found, is_new] = networks_.try_emplace(network);
  if (is_new) {
    found->second.turn = in_turn_.insert(in_turn_.end(), network);
  } else {
    in_turn_.splice(in_turn_.end(), in_turn_, found->second.turn);
  }
  ++found->second.wrong;
  if (networks_.size() <= kMaxNetworks) return;
  networks_.erase(in_turn_.front());
  in_turn_.pop_front();
}

unsigned Guesses::wrong_of(const IpPrefix& network) const {
  const auto found = networks_.find(network);
  return found == networks_.end() ? 0 : found->second.wrong;
}

}  // namespace wring::proxy
