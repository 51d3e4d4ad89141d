// Estimates what each peer holds of a socket's room, and says who may send more.
#include "dataplane/uplink_shares.h"

#include <algorithm>

namespace wring {
namespace {

// A smaller buffer holds too few packets to be shared. Without CAP_NET_ADMIN the system's limit
// makes it so small. There the pump keeps what finds no room, and stops reading the TUN.
constexpr std::size_t kLeastLimit = 512 << 10;
// Weights only grow; long before a double overflows they are scaled down.
constexpr double kLargestWeight = 1e100;

}  // namespace

void UplinkShares::update(std::size_t queued, std::size_t limit) {
  queued_ = queued;
  limit_ = limit;
  sent_ = 0;
  ask_after_ = std::max(kAskAfter, limit / 8);
  if (limit < kLeastLimit || queued < (busy_ ? limit / 16 : limit / 8)) {
    busy_ = false;
    return;
  }
  if (!busy_) begin();
  scale_ = static_cast<double>(queued) / total_weight_;
}

void UplinkShares::begin() {
  busy_ = true;
  weights_.fill(0);
  total_weight_ = static_cast<double>(queued_);
}

bool UplinkShares::admit(std::uint64_t peer, std::size_t bytes, std::size_t datagrams) {
  const std::size_t charge = charge_for(bytes, datagrams);
  // One packet is always let through, however large: the pump keeps it if need be.
  const std::size_t free = limit_ - std::min(limit_, queued_);
  const double share = static_cast<double>(std::max(free, 2 * charge));
  // The numbers are consecutive, so the low bits tell peers apart best.
  double& weight = weights_[peer % kEntries];
  if (weight * scale_ + static_cast<double>(charge) > share) return false;
  const double added = static_cast<double>(charge) / scale_;
  weight += added;
  total_weight_ += added;
  queued_ += charge;
  if (total_weight_ > kLargestWeight) {
    for (double& each : weights_)
      each /= kLargestWeight;
    total_weight_ /= kLargestWeight;
    scale_ *= kLargestWeight;
  }
  return true;
}

}  // namespace wring
