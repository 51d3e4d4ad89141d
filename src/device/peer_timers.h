// The deadlines of one peer, one for each timer of [WG] 6. The device decides what is to be done
// when one is due, because it knows the keys. This only keeps the times.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace wring {

enum class Timer : std::size_t {
  kRetransmitHandshake,  // an initiation has no response yet, [WG] 6.4
  kPassiveKeepalive,     // data came and nothing was sent since, [WG] 6.5
  kNewHandshake,         // data was sent and nothing came since, [WG] 6.5
  kZeroKeys,             // the last session is 540 s old, [WG] 6.3
  kPersistentKeepalive,  // the user asked for one every N seconds
};
inline constexpr std::size_t kTimerCount = 5;

class PeerTimers {
 public:
  PeerTimers() { deadlines_.fill(kNever); }

  void arm(Timer timer, TimePoint at) { deadline(timer) = at; }
  void disarm(Timer timer) { deadline(timer) = kNever; }
  void disarm_all() { deadlines_.fill(kNever); }
  [[nodiscard]] bool is_armed(Timer timer) const { return deadlines_[index(timer)] != kNever; }
  [[nodiscard]] TimePoint next_deadline() const {
    return *std::min_element(deadlines_.begin(), deadlines_.end());
  }
  // The earliest timer that is due, disarmed by this; call again until it returns nothing.
  [[nodiscard]] std::optional<Timer> take_due(TimePoint now);

 private:
  static constexpr std::size_t index(Timer timer) { return static_cast<std::size_t>(timer); }
  TimePoint& deadline(Timer timer) { return deadlines_[index(timer)]; }

  std::array<TimePoint, kTimerCount> deadlines_;
};

}  // namespace wring
