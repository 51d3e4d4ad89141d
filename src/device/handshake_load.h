// Whether more handshakes come than can be served, so that their senders are asked for a cookie.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "device/protocol_constants.h"

namespace wring {

// Under load, for a second from then on, is who has either an eighth of the queue full (P32), or
// refused a whole queue of messages with a good mac1 within a second: forgeries and replays, each
// of which costs a Curve25519 product, and calls without a cookie while that is asked for. The
// queue alone would not tell: threads that keep up with a flood keep it short, and take the
// processors from the packets. (docs/decisions/0015-load-by-refusals.md)
class HandshakeLoad {
 public:
  void note_queue_depth(std::size_t depth, TimePoint now) {
    if (depth >= kHandshakeQueueLength / 8) until_ = now + kUnderLoadHold;
  }
  // A message passed the check of mac1 and led to nothing.
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
