// How a pump gets its sockets from another thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace wring {

class UdpSockets;

class SocketsHandover {
 public:
  using Sockets = std::shared_ptr<const UdpSockets>;

  // Any thread; what was not taken before is replaced.
  void offer(Sockets sockets) {
    const std::lock_guard lock(mutex_);
    offered_.swap(sockets);
    // Only a hint to look under the lock, which does the ordering.
    pending_.store(true, std::memory_order_relaxed);
  }
  // Whether take() has something to give; a moment later it may be otherwise.
  [[nodiscard]] bool pending() const { return pending_.load(std::memory_order_relaxed); }
  // What was offered since the last call, if anything was: null is an offer, too.
  [[nodiscard]] std::optional<Sockets> take() {
    if (!pending()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    pending_.store(false, std::memory_order_relaxed);
    return std::exchange(offered_, nullptr);
  }

 private:
  std::mutex mutex_;
  Sockets offered_;  // guarded by mutex_
  std::atomic<bool> pending_{false};
};

}  // namespace wring
