// Reserves the send counters of a session, none of them twice.
#include "peer/session.h"

#include <algorithm>

namespace wring {

std::size_t Session::reserve_counters(std::size_t wanted, std::uint64_t& first) {
  // Relaxed: the counter orders nothing but itself, it only has to be different for everyone. By
  // comparing, not by adding, so that it never passes the limit, let alone wraps.
  first = send_counter_.load(std::memory_order_relaxed);
  std::uint64_t granted = 0;
  do {
    if (first >= kRejectAfterMessages) return 0;
    granted = std::min<std::uint64_t>(wanted, kRejectAfterMessages - first);
  } while (!send_counter_.compare_exchange_weak(first, first + granted, std::memory_order_relaxed));
  return static_cast<std::size_t>(granted);
}

}  // namespace wring
