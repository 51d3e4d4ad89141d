// What is left between stack and relay of a connection whose client the stack has.
#pragma once

#include <chrono>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "stack/control.h"

namespace wring::stack {

// Counts what passes, and tells the relay by its end of the pair. One thread.
class RelayLine {
 public:
  static constexpr std::chrono::seconds kPeriod{1};

  // From now on.
  void open(UniqueFd end) { end_ = std::move(end); }
  [[nodiscard]] bool is_open() const { return static_cast<bool>(end_); }

  // Its sums are added, and its ends are noted.
  void note(const Report& news, TimePoint now);
  // When a Report is due; kNever: there is nothing to say.
  [[nodiscard]] TimePoint deadline() const { return is_open() ? due_ : kNever; }
  // If it is due.
  void look_after(TimePoint now);
  // The last words; the caller closes the end.
  [[nodiscard]] UniqueFd close();

 private:
  void tell();

  UniqueFd end_;
  Report report_;
  TimePoint due_ = kNever;
};

}  // namespace wring::stack
