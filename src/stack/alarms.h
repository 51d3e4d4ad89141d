// When connections want to be woken.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace wring::stack {

// Deadlines move with nearly every segment, and mostly to later. So an alarm stays where it is set
// until it is too late, and one that rings too early is set anew. One thread.
class Alarms {
 public:
  class Sleeper {
   public:
    Sleeper() = default;
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;
    virtual ~Sleeper() = default;
    [[nodiscard]] virtual TimePoint deadline() const = 0;
    // Called at the deadline or later.
    virtual void wake(TimePoint now) = 0;

   private:
    friend Alarms;
    TimePoint alarm_ = kNever;
    bool touched_ = false;
  };

  // Its deadline may have changed.
  void touch(Sleeper& sleeper);
  // It is not called any more.
  void forget(Sleeper& sleeper);
  // Sets the alarms of those that were touched. To be called at the end of a turn.
  void set();
  // The earliest; kNever: there is none.
  [[nodiscard]] TimePoint next() const;
  // Wakes those whose deadline has come.
  void ring(TimePoint now);

 private:
  std::vector<Sleeper*> touched_;
  std::set<std::pair<TimePoint, Sleeper*>> alarms_;
};

}  // namespace wring::stack
