// Notices that drops of some reason begin. Pure: it is told the time and the counters.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/drop_reason.h"

namespace wring {

// A packet that is dropped tells nobody, because that would cost time where there is least. So the
// counters are looked at once a second, and only while somebody wants to know. Control thread.
class DropWatch {
 public:
  static constexpr std::chrono::seconds kEvery{1};
  // Drops begin if there were none of their reason for so long.
  static constexpr std::chrono::seconds kQuiet{10};
  using Report = std::function<void(DropReason, std::uint64_t count)>;

  [[nodiscard]] bool is_running() const { return due_ != kNever; }
  // When look() has something to do; kNever: it does not run.
  [[nodiscard]] TimePoint due() const { return due_; }
  // What was dropped so far is no news.
  void start(const DropCounts& counts, TimePoint now) {
    known_ = counts;
    risen_ = {};
    due_ = now + kEvery;
  }
  void stop() { due_ = kNever; }
  // Reports each reason whose drops have begun, and how many there were since the last look.
  void look(const DropCounts& counts, TimePoint now, const Report& report) {
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      const std::uint64_t more = counts[i] - known_[i];
      if (more == 0) continue;
      if (!risen_[i] || now - *risen_[i] >= kQuiet) report(static_cast<DropReason>(i), more);
      risen_[i] = now;
    }
    known_ = counts;
    due_ = now + kEvery;
  }

 private:
  DropCounts known_{};
  std::array<std::optional<TimePoint>, kDropReasonCount> risen_{};
  TimePoint due_ = kNever;
};

}  // namespace wring
