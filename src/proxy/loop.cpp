// Turns: what is ready, then timers that are due, then what was put off.
#include "proxy/loop.h"

#include <sys/epoll.h>

namespace wring::proxy {

Result<std::unique_ptr<Loop>> Loop::create() {
  auto events = EventLoop::create();
  if (!events) return tl::unexpected(events.error());
  return std::unique_ptr<Loop>(new Loop(std::move(*events)));
}

Result<void> Loop::watch(int fd, EventLoop::Callback callback) {
  constexpr std::uint32_t kAll = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  return events_.add(fd, kAll, std::move(callback));
}

Loop::TimerId Loop::at(TimePoint when, Task task) {
  const TimerId id(when, next_timer_++);
  timers_.emplace(id, std::move(task));
  return id;
}

void Loop::turn() {
  TimePoint deadline = timers_.empty() ? kNever : timers_.begin()->first.first;
  if (!tasks_.empty()) deadline = TimePoint{};
  events_.run_once(deadline);
  now_ = clock_.now();
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    const Task due = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    due();
  }
  for (const Task& task : std::exchange(tasks_, {}))
    task();
  buried_.clear();
}

}  // namespace wring::proxy
