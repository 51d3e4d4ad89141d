// Compares what was sent with what came.
#include "run/silence.h"

#include <utility>

namespace wring::run {

bool SilenceWatch::is_silent(const PeerDescription& peer, TimePoint now) {
  const bool heard = std::exchange(received_, peer.rx_bytes) != peer.rx_bytes;
  const bool asked = std::exchange(sent_, peer.tx_bytes) != peer.tx_bytes;
  if (heard) {
    unanswered_since_.reset();
  } else if (asked && !unanswered_since_) {
    unanswered_since_ = now;
  }
  if (!unanswered_since_ || now - *unanswered_since_ < limit_) return false;
  unanswered_since_.reset();
  return true;
}

}  // namespace wring::run
