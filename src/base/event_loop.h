// The control thread's loop: descriptors and one deadline, by epoll.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// Not thread-safe: used by the thread that runs it.
class EventLoop {
 public:
  // `events` are epoll's: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR. Watches are level-triggered.
  using Callback = std::function<void(std::uint32_t events)>;

  static Result<EventLoop> create();

  // Watches a descriptor, which stays the caller's and is removed here before it is closed. It must
  // not be watched already. Fails with ENOSPC or ENOMEM when the kernel's limit of watches is
  // reached, with EPERM for a plain file.
  [[nodiscard]] Result<void> add(int fd, std::uint32_t events, Callback callback);
  // Changes what is waited for. The descriptor must be watched.
  void modify(int fd, std::uint32_t events);
  // What is reported from now on goes to another callback. The descriptor must be watched. Safe
  // within any callback.
  void hand_over(int fd, Callback callback);
  // Stops watching. Safe within any callback, that of `fd` itself included: a callback that was due
  // in the same round is not called any more, even if the number is in use again for a new
  // descriptor.
  void remove(int fd);
  // The same for one that is closed with it, which saves a system call: the kernel ends the watch
  // with the last copy, so there must be no other.
  void close(UniqueFd fd) { watches_.erase(fd.get()); }

  // Waits until a descriptor is ready, a signal came, or `deadline` has passed (on CLOCK_BOOTTIME,
  // so a deadline that fell into a suspend fires on resume; kNever: no deadline), then calls the
  // callbacks of what is ready. A deadline in the past makes it look without waiting.
  void run_once(TimePoint deadline);

 private:
  struct Watch {
    std::uint32_t generation;
    Callback callback;
  };

  EventLoop(UniqueFd epoll, UniqueFd timer) : epoll_(std::move(epoll)), timer_(std::move(timer)) {}
  void set_timer(TimePoint deadline);

  UniqueFd epoll_;
  UniqueFd timer_;
  TimePoint armed_ = kNever;
  std::uint32_t next_generation_ = 0;
  // Shared, so that a callback which removes itself is not destroyed while it runs.
  std::unordered_map<int, std::shared_ptr<Watch>> watches_;
};

}  // namespace wring
