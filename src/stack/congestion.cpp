// RFC 9438, sections 4.2 to 4.8.
#include "stack/congestion.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace wring::stack {
namespace {

constexpr std::uint32_t kFirstSegments = 10;  // RFC 6928
constexpr std::uint32_t kLeastSegments = 2;   // RFC 5681, 3.1
constexpr double kScale = 0.4;                // C
constexpr double kDecrease = 0.7;             // beta
// What an additive increase needs to be as fast as Reno's with this decrease.
constexpr double kIncrease = 3 * (1 - kDecrease) / (1 + kDecrease);  // alpha
// The window grows by half in a round trip at most (RFC 9438, 4.2).
constexpr double kMostGrowth = 1.5;

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Congestion::begin(std::uint32_t segment) {
  *this = {};
  segment_ = segment;
  window_ = kFirstSegments * segment;
}

void Congestion::on_delivered(std::uint32_t bytes, TimePoint now, Duration round_trip) {
  if (window_ < threshold_) {
    const std::uint32_t used = std::min(bytes, threshold_ - window_);
    window_ += used;
    bytes -= used;
  }
  if (bytes != 0) grow_like_cubic(bytes, now, round_trip);
  last_ = now;
}

void Congestion::on_idle(TimePoint now) {
  if (epoch_) *epoch_ += now - std::max(last_, *epoch_);
  last_ = now;
}

void Congestion::grow_like_cubic(std::uint32_t bytes, TimePoint now, Duration round_trip) {
  const double window = static_cast<double>(window_) / segment_;
  const double arrived = static_cast<double>(bytes) / segment_;
  if (!epoch_) {
    epoch_ = now;
    most_ = std::max(most_, window);
    prior_ = std::max(prior_, window);
    to_most_ = std::cbrt((most_ - window) / kScale);
    estimate_ = window;
    growth_ = 0;
  }
  estimate_ += (estimate_ < prior_ ? kIncrease : 1.0) * arrived / window;
  const double from_most = seconds(now - *epoch_ + round_trip) - to_most_;
  const double target =
      std::clamp(kScale * from_most * from_most * from_most + most_, window, kMostGrowth * window);
  const double by_cubic = window + (target - window) / window * arrived;
  growth_ += (std::max(by_cubic, estimate_) - window) * segment_;
  if (growth_ < 1) return;
  const double whole = std::floor(growth_);
  growth_ -= whole;
  window_ += static_cast<std::uint32_t>(whole);
}

void Congestion::on_loss(std::uint32_t carried) {
  const double window = static_cast<double>(window_) / segment_;
  prior_ = window;
  // Fast convergence (RFC 9438, 4.7).
  most_ = window < most_ ? window * (1 + kDecrease) / 2 : window;
  epoch_.reset();
  const auto reduced = static_cast<std::uint32_t>(kDecrease * window_);
  threshold_ = std::max({kLeastSegments * segment_, reduced, std::min(carried, window_)});
}

void Congestion::on_timeout(std::uint32_t carried, bool again) {
  if (!again) on_loss(carried);
  window_ = segment_;
}

void Congestion::take_back(const Congestion& before) {
  const std::uint32_t window = std::max(window_, before.window_);
  const std::uint32_t threshold = std::max(threshold_, before.threshold_);
  *this = before;
  window_ = window;
  threshold_ = threshold;
  epoch_.reset();
}

}  // namespace wring::stack
