// The peers of the device, its private key, and whether it is up.
//
// An edited peer keeps its session, its counters and its time stamp (P39). A new private key
// removes a peer that has become ourselves and stops sending on the sessions in use (P16). An
// interface that goes down drops every session and stages nothing, as the kernel's wg_stop does.
#include <cassert>
#include <utility>

#include "device/device.h"

namespace wring {

Device::Device(SharedState& shared, Rng& rng, DatagramSender& sender, HandshakeExecutor* executor)
    : shared_(shared), rng_(rng), sender_(sender), executor_(executor), peers_(rng) {}

Device::~Device() {
  remove_all_peers();
  reclaim();
}

void Device::set_private_key(PrivateKey key, Instant now) {
  const bool had_none = identity_ == nullptr;
  if (key.is_zero()) {
    identity_.reset();
  } else {
    clamp(key);
    if (identity_ && identity_->private_key() == key) return;
    identity_ = std::make_shared<const LocalIdentity>(std::move(key));
    mac_checker_.set_identity(identity_->public_key());
    if (DevicePeer* ourselves = peers_.find(identity_->public_key())) remove_peer(*ourselves);
  }
  for (auto& [serial, peer] : peers_.in_order()) {
    // Made anew when it is next needed: it depends on the key.
    peer->static_static.reset();
    peer->unusable = false;
    // A response to an initiation of the old key could not be read. The sessions of the old key
    // receive until they end, but do not send. The timer of a handshake under way stays armed and
    // begins it again with the new key, because packets may wait for it.
    drop_sent_initiation(*peer);
    peer->last_handshake_sent.reset();
    peer->withdraw_handshake_wish();
    if (Session* next = peer->keypairs.next()) next->forbid_sending();
    if (Session* current = peer->keypairs.current()) current->forbid_sending();
    publish_sending(*peer, nullptr);
    if (had_none && identity_ != nullptr && up_) start(*peer, now);
  }
}

void Device::start(DevicePeer& peer, Instant now) {
  send_staged(peer, now);
  if (peer.persistent_keepalive_s == 0) return;
  send_keepalive(peer, now);
  arm_persistent_keepalive(peer, now.boot);
}

DevicePeer& Device::add_peer(const PublicKey& key) {
  assert(!is_ourselves(key));
  return peers_.add(key, shared_.staged_memory);
}

void Device::remove_peer(DevicePeer& peer) {
  peer.removed = true;
  shared_.allowed_ips.remove_all(&peer);
  timers_.disarm_all(peer);
  clear_keys(peer);
  shared_.reclaimer.retire(peers_.take(peer));
  peers_retired_ = true;
}

void Device::remove_all_peers() {
  while (!peers_.in_order().empty())
    remove_peer(*peers_.in_order().begin()->second);
}

void Device::set_persistent_keepalive(DevicePeer& peer, std::uint16_t seconds, Instant now) {
  // The same again does not push it back, however often the whole configuration is applied.
  if (seconds == peer.persistent_keepalive_s) return;
  const bool turned_on = peer.persistent_keepalive_s == 0;
  peer.persistent_keepalive_s = seconds;
  timers_.disarm(peer, Timer::kPersistentKeepalive);
  if (up_) {
    if (turned_on) send_keepalive(peer, now);
    arm_persistent_keepalive(peer, now.boot);
  }
}

void Device::bring_up(Instant now) {
  if (up_) return;
  up_ = true;
  for (auto& [serial, peer] : peers_.in_order())
    start(*peer, now);
}

void Device::bring_down() {
  if (!up_) return;
  up_ = false;
  for (auto& [serial, peer] : peers_.in_order()) {
    shared_.drops.add(DropReason::kInterfaceDown, peer->staged.clear());
    timers_.disarm_all(*peer);
    peer->activity.stop_watching();
    clear_keys(*peer);
    peer->last_handshake_sent.reset();
    peer->withdraw_handshake_wish();
  }
}

void Device::forget_sources() {
  for (auto& [serial, peer] : peers_.in_order())
    peer->forget_source();
}

void Device::reclaim() {
  if (shared_.reclaimer.empty()) return;
  if (!std::exchange(peers_retired_, false)) return shared_.reclaimer.collect();
  // A worker may have pointed at a peer after it was removed: it comes off the list before it is
  // freed.
  shared_.reclaimer.collect([this] {
    shared_.attention.drain([this](Peer& peer, AttentionReasons why) {
      // A living peer goes back, to be looked at in its turn.
      if (!of(peer).removed) static_cast<void>(shared_.attention.push(peer, why));
    });
  });
}

}  // namespace wring
