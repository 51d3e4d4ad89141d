// RFC 6298, 2.
#include "stack/round_trip.h"

#include <algorithm>
#include <chrono>

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstTimeout = 1s;
constexpr Duration kLeastVariation = 200ms;
constexpr Duration kPeriod = 300s;

}  // namespace

void RoundTrip::on_measured(Duration trip, TimePoint now) {
  trip = std::max(trip, Duration(1us));
  if (!known_) {
    smoothed_ = trip;
    variation_ = trip / 2;
    period_end_ = now + kPeriod;
  } else {
    variation_ = (variation_ * 3 + std::chrono::abs(smoothed_ - trip)) / 4;
    smoothed_ = (smoothed_ * 7 + trip) / 8;
  }
  known_ = true;
  if (now >= period_end_) {
    least_before_ = least_;
    least_ = Duration::max();
    period_end_ = now + kPeriod;
  }
  least_ = std::min(least_, trip);
}

Duration RoundTrip::least() const {
  return known_ ? std::min(least_, least_before_) : Duration{};
}

Duration RoundTrip::timeout() const {
  if (!known_) return kFirstTimeout;
  return std::min(smoothed_ + std::max(4 * variation_, kLeastVariation), kMostTimeout);
}

}  // namespace wring::stack
