// Decides whether more handshakes arrive than we can serve, so that senders are asked for a cookie.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "peer/protocol_constants.h"

namespace wring {

// The device counts as under load, for one second, when the handshake queue is 1/8 full (P32), or
// when it rejected 4,096 messages with a valid mac1 within one second. Rejected means forged,
// replayed, sent without the cookie that we asked for, or too often by one source. The length of
// the queue is not enough: threads that keep up with a flood keep the queue short, but take the
// processors from the packets. What the limiter refuses counts, because the load would end while
// the flood goes on. (docs/decisions/0015-load-by-refusals.md, 0072-a-flood-in-batches.md)
class HandshakeLoad {
 public:
  void note_queue_depth(std::size_t depth, TimePoint now) {
    if (depth >= kHandshakeQueueLength / 8) until_ = now + kUnderLoadHold;
  }
  // A message had a valid mac1 and was rejected.
  void note_refused(TimePoint now) {
    if (now - counting_since_ >= kUnderLoadHold) {
      counting_since_ = now;
      refused_ = 0;
    }
    if (++refused_ >= kHandshakeQueueLength) until_ = now + kUnderLoadHold;
  }
  [[nodiscard]] bool is_under_load(TimePoint now) const { return now < until_; }

 private:
  TimePoint until_{};
  TimePoint counting_since_{};
  std::size_t refused_ = 0;
};

}  // namespace wring
