#include "dataplane/session.h"

#include <algorithm>

namespace wring {

std::size_t Session::reserve_counters(std::size_t wanted, std::uint64_t& first) {
  // Looking before adding keeps the sum from wrapping: past the limit nobody adds, and the workers
  // that passed the look together add far less than the 2^13 that are left above it.
  if (send_counter_.load(std::memory_order_relaxed) >= kRejectAfterMessages) return 0;
  // Relaxed: the counter orders nothing but itself, it only has to be different for everyone.
  first = send_counter_.fetch_add(wanted, std::memory_order_relaxed);
  if (first >= kRejectAfterMessages) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, kRejectAfterMessages - first));
}

}  // namespace wring
