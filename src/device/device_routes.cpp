// Where the device meets the routing table: the sources of its peers (P29).
#include "device/device.h"

namespace wring {

void Device::hear(DevicePeer& peer, const Endpoint& from, TimePoint now) {
  // At once: what answers a handshake must not leave from a source that the routing table refuses.
  const Peer::Heard heard = peer.hear_from(from);
  if (heard.elsewhere && follower_) follower_->check(peer, now);
  if (heard.moved) note_move(peer);
}

void Device::note_move(const DevicePeer& peer) {
  ++counts_.roamings;
  tell(peer, DeviceEvent::kMoved);
}

void Device::check_source_if_wanted(DevicePeer& peer, TimePoint now) {
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
  using Outcome = SourceFollower::Outcome;
  follower_->work(peers_.in_order(), now.boot, [&](DevicePeer& peer, Outcome outcome) {
    tell(peer, outcome == Outcome::kRefused   ? DeviceEvent::kSourceRefused
               : outcome == Outcome::kMovedOn ? DeviceEvent::kSourceMovedOn
                                              : DeviceEvent::kSourceTakenBack);
    // The other side may have nobody else to tell it where we are now: it sends to the address
    // that we have left, and we may have nothing to send.
    if (up_ && peer.session_to_send_on(now.boot) != nullptr) send_keepalive(peer, now);
  });
}

}  // namespace wring
