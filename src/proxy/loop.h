// The relay's loop: descriptors, timers, and work that is put off to the end of a turn.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"

namespace wring::proxy {

// One thread.
class Loop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::pair<TimePoint, std::uint64_t>;
  static constexpr TimerId kNoTimer{};

  static Result<std::unique_ptr<Loop>> create();

  // Reports each change once (edge-triggered), and at first what is ready already. As
  // EventLoop::add() otherwise.
  [[nodiscard]] Result<void> watch(int fd, EventLoop::Callback callback);
  // Reports what is ready for as long as it is.
  [[nodiscard]] Result<void> watch_level(int fd, std::uint32_t events,
                                         EventLoop::Callback callback) {
    return events_.add(fd, events, std::move(callback));
  }
  void forget(int fd) { events_.remove(fd); }
  // As those of EventLoop.
  void hand_over(int fd, EventLoop::Callback callback) {
    events_.hand_over(fd, std::move(callback));
  }
  void close(UniqueFd fd) { events_.close(std::move(fd)); }

  // Calls the task once, at that time or a little later.
  TimerId at(TimePoint when, Task task);
  // kNoTimer and timers that have fired are nothing.
  void cancel(TimerId timer) { timers_.erase(timer); }

  // At the end of this turn. What the task puts off comes in the next turn, which begins at once.
  void later(Task task) { tasks_.push_back(std::move(task)); }
  // Keeps the object until its callbacks have returned: to the end of this turn.
  void bury(std::shared_ptr<void> object) { buried_.push_back(std::move(object)); }

  // When this turn began.
  [[nodiscard]] TimePoint now() const { return now_; }
  void turn();

 private:
  explicit Loop(EventLoop events) : events_(std::move(events)), now_(clock_.now()) {}

  SystemClock clock_;
  EventLoop events_;
  TimePoint now_;
  std::map<TimerId, Task> timers_;
  std::uint64_t next_timer_ = 1;
  std::vector<Task> tasks_;
  std::vector<std::shared_ptr<void>> buried_;
};

}  // namespace wring::proxy
