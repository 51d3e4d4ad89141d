// Asks the system for the time.
#include "base/clock.h"

#include <time.h>

namespace wring {
namespace {

std::chrono::nanoseconds read(clockid_t id) {
  timespec ts{};
  clock_gettime(id, &ts);
  return std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec);
}

}  // namespace

TimePoint SystemClock::now() const {
  return TimePoint(read(CLOCK_BOOTTIME));
}
WallTime SystemClock::wall_now() const {
  return WallTime(read(CLOCK_REALTIME));
}

}  // namespace wring
