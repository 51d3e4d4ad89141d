// Where the device meets the routing table: the sources of its peers (P29).
#include "device/device.h"

namespace wring {

void Device::hear(Peer& peer, const Endpoint& from, TimePoint now) {
  // At once: what answers a handshake must not leave from a source that the routing table refuses.
  if (peer.hear_from(from) && follower_) follower_->check(peer, now);
}

void Device::check_source_if_wanted(Peer& peer, TimePoint now) {
  if (follower_) {
    follower_->check_soon(peer, now);
  } else {
    peer.wants_source_check.store(false, std::memory_order_relaxed);
  }
}

void Device::on_routes_changed() {
  if (follower_) follower_->on_routes_changed();
}

void Device::check_sources(Instant now) {
  if (!follower_) return;
  follower_->work(by_serial_, now.boot, [&](Peer& peer) {
    tell(peer, DeviceEvent::kSourceRefused);
    // The other side may have nobody else to tell it where we are now: it sends to the address
    // that we have left, and we may have nothing to send.
    const Session* session = peer.sending.load(std::memory_order_relaxed);
    if (up_ && session != nullptr && session->can_send(now.boot)) send_keepalive(peer, now);
  });
}

}  // namespace wring
