// A connection over which nothing passes for a long time.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "proxy/loop.h"

namespace wring::proxy {

// Calls once when no byte was noted for kWhole, or for kHalf once one direction has ended. The loop
// outlives it.
class IdleLimit {
 public:
  static constexpr std::chrono::minutes kWhole{120};
  static constexpr std::chrono::minutes kHalf{15};

  IdleLimit(Loop& loop, std::function<void()> reached)
      : loop_(loop), reached_(std::move(reached)), last_byte_(loop.now()) {}
  IdleLimit(const IdleLimit&) = delete;
  IdleLimit& operator=(const IdleLimit&) = delete;
  ~IdleLimit() { loop_.cancel(timer_); }

  void start();
  void note_byte() { last_byte_ = loop_.now(); }
  void note_end() { half_ = true; }

 private:
  void look();

  Loop& loop_;
  std::function<void()> reached_;
  TimePoint last_byte_;
  bool half_ = false;
  Loop::TimerId timer_ = Loop::kNoTimer;
};

}  // namespace wring::proxy
