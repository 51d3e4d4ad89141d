// The window of counters already seen, which grows on first use. [WG] 5.4.6
#include "peer/replay_window.h"

#include <algorithm>

#include "peer/protocol_constants.h"

namespace wring {
namespace {

std::uint64_t bit(std::uint64_t counter) {
  return std::uint64_t{1} << (counter % 64);
}

}  // namespace

bool ReplayWindow::would_accept(std::uint64_t counter) const {
  if (counter >= kRejectAfterMessages) return false;
  if (counter > greatest_) return true;
  if (greatest_ - counter > kUsable) return false;
  const std::uint64_t word = ring_ == nullptr ? first_word_ : (*ring_)[slot(counter)];
  return (word & bit(counter)) == 0;
}

bool ReplayWindow::accept(std::uint64_t counter) {
  if (!would_accept(counter)) return false;
  if (counter > greatest_) advance_to(counter);
  (ring_ == nullptr ? first_word_ : (*ring_)[slot(counter)]) |= bit(counter);
  return true;
}

// Clears the words that the ring reuses: those past the one of the greatest counter so far.
void ReplayWindow::advance_to(std::uint64_t counter) {
  if (ring_ == nullptr && counter >= kWordBits) {
    ring_ = std::make_unique<Ring>();
    (*ring_)[0] = first_word_;
  }
  const std::uint64_t from = greatest_ / kWordBits;
  const std::uint64_t steps = std::min(counter / kWordBits - from, kWords);
  for (std::uint64_t i = 1; i <= steps; ++i)
    (*ring_)[(from + i) % kWords] = 0;
  greatest_ = counter;
}

}  // namespace wring
