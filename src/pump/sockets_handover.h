// Passes a pump its sockets from another thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"

namespace wring {

class UdpSockets;

class SocketsHandover {
 public:
  using Sockets = std::shared_ptr<const UdpSockets>;

  // Any thread. Replaces an offer that was not taken.
  void offer(Sockets sockets) {
    const MutexLock lock(mutex_);
    offered_.swap(sockets);
    // Relaxed: it only says to look under the lock, which orders the rest.
    pending_.store(true, std::memory_order_relaxed);
  }
  // Whether take() has something to give. That may change at any moment.
  [[nodiscard]] bool pending() const { return pending_.load(std::memory_order_relaxed); }
  // The last offer since the last call, if there was one. Null sockets are an offer, too.
  [[nodiscard]] std::optional<Sockets> take() {
    if (!pending()) return std::nullopt;
    const MutexLock lock(mutex_);
    pending_.store(false, std::memory_order_relaxed);
    return std::exchange(offered_, nullptr);
  }

 private:
  Mutex mutex_;
  Sockets offered_ WRING_GUARDED_BY(mutex_);
  std::atomic<bool> pending_{false};
};

}  // namespace wring
