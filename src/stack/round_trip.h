// How long a connection's round trips take.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace wring::stack {

// RFC 6298, but that the variation counts for 200 ms at least, and not the whole for a second, as
// other systems have it. Pure.
class RoundTrip {
 public:
  static constexpr Duration kMostTimeout = std::chrono::seconds(60);

  void on_measured(Duration trip, TimePoint now);

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] Duration smoothed() const { return smoothed_; }
  // Of the last five to ten minutes. 0: none is known.
  [[nodiscard]] Duration least() const;
  // After which what was sent is sent again; a second before anything is known.
  [[nodiscard]] Duration timeout() const;

 private:
  bool known_ = false;
  Duration smoothed_{};
  Duration variation_{};
  // Of this period and of the last.
  Duration least_ = Duration::max();
  Duration least_before_ = Duration::max();
  TimePoint period_end_{};
};

}  // namespace wring::stack
