// The endpoints that the log has mentioned, so that it mentions each only once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

#include "base/mutex.h"
#include "ip/endpoint.h"

namespace wring {

// Any thread.
class LoggedEndpoints {
 public:
  // True if this remote address was not added before. Keeps the latest 1024, because the peers of a
  // gateway roam and their addresses must not collect for ever.
  [[nodiscard]] bool add(Endpoint endpoint) {
    endpoint.clear_source();
    const MutexLock lock(mutex_);
    if (std::find(known_.begin(), known_.end(), endpoint) != known_.end()) return false;
    if (known_.size() < kMax) {
      known_.push_back(endpoint);
    } else {
      known_[oldest_] = endpoint;
      oldest_ = (oldest_ + 1) % kMax;
    }
    return true;
  }

 private:
  static constexpr std::size_t kMax = 1024;

  Mutex mutex_;
  std::vector<Endpoint> known_ WRING_GUARDED_BY(mutex_);
  std::size_t oldest_ WRING_GUARDED_BY(mutex_) = 0;
};

// What all workers of a tunnel log once.
struct LoggedOnce {
  LoggedEndpoints not_segmented;  // the kernel refused joined datagrams
  LoggedEndpoints looping;        // the route leads back into a tunnel
  // The TUN refused joined packets. Relaxed: each is a value of its own.
  std::atomic_flag tcp_not_joined;
  std::atomic_flag udp_not_joined;
};

}  // namespace wring
