// The search for the largest packet that gets through: what sealed echoes and pings have in common.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace wring::doctor {

// All hosts of IPv4 take it, in bytes (RFC 791).
inline constexpr std::uint32_t kLeastSize = 576;
// A size has passed if one of so many probes is answered.
inline constexpr int kSizeAttempts = 3;

// How long an answer is waited for: some round trips, once those are known.
class AnswerWait {
 public:
  [[nodiscard]] Duration now() const { return wait_; }
  void answered_after(Duration round_trip) {
    wait_ = std::min(wait_, std::max<Duration>(8 * round_trip, kLeast));
  }

  static constexpr Duration kFirst = std::chrono::milliseconds(1500);

 private:
  static constexpr Duration kLeast = std::chrono::milliseconds(300);

  Duration wait_ = kFirst;
};

// The largest size below `too_large` that passes, or 0: `first` is tried first, and then what
// halves the rest. `passes` takes a size. `told` may say which size is the likeliest; 0 if it knows
// of none.
template <typename Passes, typename Told>
std::uint32_t largest_below(std::uint32_t too_large, std::uint32_t first, Passes passes,
                            Told told) {
  std::uint32_t passed = 0;
  std::uint32_t next = first;
  while (too_large - passed > 1 && next < too_large) {
    (passes(next) ? passed : too_large) = next;
    const std::uint32_t likeliest = told();
    next =
        likeliest > passed && likeliest < too_large ? likeliest : passed + (too_large - passed) / 2;
  }
  return passed;
}

}  // namespace wring::doctor
