// Waits by epoll for descriptors, and by a timerfd for the deadline.
#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace wring {
namespace {

// How many ready descriptors are taken from the kernel at once. The rest comes in the next round.
constexpr int kEventsPerRound = 64;
// The tag of the timer. No watch has it, because a descriptor is never negative.
constexpr std::uint64_t kTimerTag = ~std::uint64_t{0};

std::uint64_t tag_of(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

}  // namespace

Result<EventLoop> EventLoop::create() {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return system_failure("cannot make an epoll descriptor", errno);
  UniqueFd timer(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return system_failure("cannot make a timer descriptor", errno);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kTimerTag}};
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, timer.get(), &event) != 0) {
    return system_failure("cannot watch the timer", errno);
  }
  return EventLoop(std::move(epoll), std::move(timer));
}

Result<void> EventLoop::add(int fd, std::uint32_t events, Callback callback) {
  const std::uint32_t generation = next_generation_++;
  epoll_event event{.events = events, .data = {.u64 = tag_of(fd, generation)}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return system_failure("cannot watch descriptor " + std::to_string(fd), errno);
  }
  watches_[fd] = std::make_shared<Watch>(Watch{generation, std::move(callback)});
  return {};
}

void EventLoop::modify(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = tag_of(fd, watches_.at(fd)->generation)}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

// The callback before may be running.
void EventLoop::hand_over(int fd, Callback callback) {
  std::shared_ptr<Watch>& watch = watches_.at(fd);
  watch = std::make_shared<Watch>(Watch{watch->generation, std::move(callback)});
}

void EventLoop::remove(int fd) {
  if (watches_.erase(fd) != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::set_timer(TimePoint deadline) {
  if (deadline == armed_) return;
  itimerspec when{};  // all zeros disarms
  if (deadline != kNever) {
    // Zero would disarm as well, and a deadline before boot is as much in the past as one just
    // after.
    const auto at = std::max(deadline.time_since_epoch(), Duration(1));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    when.it_value = {.tv_sec = seconds.count(), .tv_nsec = (at - seconds).count()};
  }
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
  armed_ = deadline;
}

void EventLoop::run_once(TimePoint deadline) {
  set_timer(deadline);
  std::array<epoll_event, kEventsPerRound> events;
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsPerRound, -1);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const std::uint64_t tag = event.data.u64;
    if (tag == kTimerTag) {
      set_timer(kNever);
      continue;
    }
    const auto found = watches_.find(static_cast<int>(static_cast<std::uint32_t>(tag)));
    if (found == watches_.end() || found->second->generation != tag >> 32) continue;
    const std::shared_ptr<Watch> watch = found->second;
    watch->callback(event.events);
  }
}

}  // namespace wring
