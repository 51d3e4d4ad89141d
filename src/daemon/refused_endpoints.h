// The destinations for which the kernel refused to segment, so that the log says so once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

#include "ip/endpoint.h"

namespace wring {

// Any thread.
class RefusedEndpoints {
 public:
  // Whether this is the first that is heard of the remote address. Of more than a thousand the
  // oldest are forgotten, lest a gateway with roaming peers collect them for ever.
  bool is_new(Endpoint endpoint) {
    endpoint.clear_source();
    const std::lock_guard lock(mutex_);
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

  std::mutex mutex_;
  std::vector<Endpoint> known_;
  std::size_t oldest_ = 0;
};

}  // namespace wring
