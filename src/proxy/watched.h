// A socket of a connection with its watch, from one who serves it to the next.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <utility>

#include "base/unique_fd.h"
#include "proxy/loop.h"

namespace wring::proxy {

// Events upon which there may be something to read: bytes, an end, or an error.
inline constexpr std::uint32_t kReadable =
    EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | std::uint32_t{EPOLLPRI};
// Of these, those upon which a read that got less than it could have is not the last: something
// else is behind its bytes.
inline constexpr std::uint32_t kMoreBehind = kReadable & ~std::uint32_t{EPOLLIN};

// Owns a descriptor of a socket: the only one while it is watched, so that closing it ends the
// watch. One thread; the loop outlives it.
class Watched {
 public:
  Watched() = default;
  // Nobody watches it yet.
  Watched(Loop& loop, UniqueFd socket) : loop_(&loop), socket_(std::move(socket)) {}
  Watched(Watched&& other) noexcept { *this = std::move(other); }
  Watched& operator=(Watched&& other) noexcept {
    std::swap(loop_, other.loop_);
    std::swap(socket_, other.socket_);
    std::swap(watched_, other.watched_);
    return *this;
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  ~Watched() {
    if (watched_) loop_->close(std::move(socket_));
  }

  // As Loop::watch() the first time. From then on the callback takes over, and what was reported
  // before is not reported again. False: the kernel's limit of watches is reached.
  [[nodiscard]] bool watch(EventLoop::Callback callback) {
    if (watched_) {
      loop_->hand_over(socket_.get(), std::move(callback));
    } else {
      watched_ = loop_->watch(socket_.get(), std::move(callback)).has_value();
    }
    return watched_;
  }

  // Another process may have a copy of the socket from now on.
  void unwatch() {
    if (std::exchange(watched_, false)) loop_->forget(socket_.get());
  }

  [[nodiscard]] int get() const { return socket_.get(); }
  [[nodiscard]] const UniqueFd& descriptor() const { return socket_; }

 private:
  Loop* loop_ = nullptr;
  UniqueFd socket_;
  bool watched_ = false;
};

}  // namespace wring::proxy
