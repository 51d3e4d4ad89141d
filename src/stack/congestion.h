// How much a connection may have on its way: CUBIC (RFC 9438), which a loss sets back no further
// than to what the path has carried.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace wring::stack {

// Sizes are bytes. Pure.
class Congestion {
 public:
  // The size of a segment, and as many as RFC 6928 has for the beginning.
  void begin(std::uint32_t segment);

  [[nodiscard]] std::uint32_t window() const { return window_; }
  [[nodiscard]] std::uint32_t threshold() const { return threshold_; }
  [[nodiscard]] std::uint32_t segment() const { return segment_; }

  // So much has arrived, while the window was what held more back.
  void on_delivered(std::uint32_t bytes, TimePoint now, Duration round_trip);
  // There was more room than bytes: time that does not count.
  void on_idle(TimePoint now);
  // Once for each round trip with losses. `carried` is what the path has on its way at the rate
  // that it was seen to deliver, without queues. The window stays, but the threshold is what it
  // has to come down to.
  void on_loss(std::uint32_t carried);
  // `again`: nothing has arrived since the last one.
  void on_timeout(std::uint32_t carried, bool again);
  void set_window(std::uint32_t window) { window_ = window; }
  // It was no loss: back to what was before, if that is more.
  void take_back(const Congestion& before);

 private:
  void grow_like_cubic(std::uint32_t bytes, TimePoint now, Duration round_trip);

  std::uint32_t segment_ = 0;
  std::uint32_t window_ = 0;
  std::uint32_t threshold_ = UINT32_MAX;
  // In segments, as in RFC 9438, 4.1.
  double most_ = 0;      // W_max
  double prior_ = 0;     // cwnd_prior
  double estimate_ = 0;  // W_est
  double to_most_ = 0;   // K, seconds
  double growth_ = 0;    // bytes that are less than one
  std::optional<TimePoint> epoch_;
  TimePoint last_{};
};

}  // namespace wring::stack
