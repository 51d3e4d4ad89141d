// Finds the timer of a peer that is due first.
#include "device/peer_timers.h"

namespace wring {

std::optional<Timer> PeerTimers::take_due(TimePoint now) {
  const auto earliest = std::min_element(deadlines_.begin(), deadlines_.end());
  if (*earliest > now) return std::nullopt;
  *earliest = kNever;
  return static_cast<Timer>(earliest - deadlines_.begin());
}

}  // namespace wring
