// Time as the protocol sees it. The pure parts take time as an argument; only SystemClock asks the
// system.
#pragma once

#include <chrono>
#include <cstdint>

namespace wring {

// Counts from boot and goes on while the machine sleeps (CLOCK_BOOTTIME), so that keys that expired
// during a suspend are not used after it.
struct BootTime {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<BootTime>;
  static constexpr bool is_steady = true;
};

using Duration = BootTime::duration;
using TimePoint = BootTime::time_point;
// "Never": no deadline is set.
inline constexpr TimePoint kNever = TimePoint::max();

// Seconds and nanoseconds since 1970 (CLOCK_REALTIME): TAI64N stamps and what `wg` shows.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

// Both clocks, read together: protocol time, and the wall clock of TAI64N and `wg`.
struct Instant {
  TimePoint boot;
  WallTime wall;
};

// Where a running part gets its time. Thread-safe.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] Instant instant() const { return {now(), wall_now()}; }
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] WallTime wall_now() const override;
};

}  // namespace wring
