// How the device is configured: its private key, its peers, and whether it is up.
//
// An edited peer keeps its session, its counters and its time stamp (P39). A new private key
// removes a peer that has become ourselves and stops sending on the sessions in use (P16). An
// interface that goes down drops every session and stages nothing, as the kernel's wg_stop does.
#include "device/device.h"

namespace wring {

Device::Device(SharedState& shared, Rng& rng, DatagramSender& sender, HandshakeExecutor* executor)
    : shared_(shared), rng_(rng), sender_(sender), executor_(executor) {}

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
    if (Peer* ourselves = find_peer(identity_->public_key())) remove_peer(*ourselves);
  }
  for (auto& [serial, peer] : by_serial_) {
    // Made anew when it is next needed: it depends on the key.
    peer->static_static.reset();
    peer->unusable = false;
    // A response to what the old key asked could not be read, and the sessions of the old key are
    // received on until they end but not sent on. The timer of a handshake under way stays armed
    // and begins it anew with the new key, since packets may wait for it.
    drop_sent_initiation(*peer);
    peer->last_handshake_sent.reset();
    static_cast<void>(peer->take_handshake_wish());
    if (Session* next = peer->keypairs.next()) next->forbid_sending();
    if (Session* current = peer->keypairs.current()) current->forbid_sending();
    publish_sending(*peer, nullptr);
    queue_.update(*peer);
    if (had_none && identity_ != nullptr && up_) start(*peer, now);
  }
}

void Device::start(Peer& peer, Instant now) {
  send_staged(peer, now);
  if (peer.persistent_keepalive_s == 0) return;
  send_keepalive(peer, now);
  arm_persistent_keepalive(peer, now.boot);
  queue_.update(peer);
}

Peer* Device::find_peer(const PublicKey& key) const {
  const auto it = by_key_.find(key);
  return it == by_key_.end() ? nullptr : it->second.get();
}

Peer* Device::find_peer(std::uint64_t serial) const {
  const auto it = by_serial_.find(serial);
  return it == by_serial_.end() ? nullptr : it->second;
}

Peer& Device::add_peer(const PublicKey& key) {
  auto peer = std::make_unique<Peer>(key, next_serial_++);
  Peer& added = *peer;
  by_serial_.emplace(added.serial, &added);
  by_key_.emplace(key, std::move(peer));
  return added;
}

void Device::remove_peer(Peer& peer) {
  peer.removed = true;
  shared_.allowed_ips.remove_all(&peer);
  peer.timers.disarm_all();
  queue_.remove(peer);
  clear_keys(peer);
  by_serial_.erase(peer.serial);
  auto node = by_key_.extract(peer.public_key);
  shared_.reclaimer.retire(std::move(node.mapped()));
}

void Device::remove_all_peers() {
  while (!by_serial_.empty())
    remove_peer(*by_serial_.begin()->second);
}

void Device::set_persistent_keepalive(Peer& peer, std::uint16_t seconds, Instant now) {
  // The same again does not push it back, however often the whole configuration is applied.
  if (seconds == peer.persistent_keepalive_s) return;
  const bool turned_on = peer.persistent_keepalive_s == 0;
  peer.persistent_keepalive_s = seconds;
  peer.timers.disarm(Timer::kPersistentKeepalive);
  if (up_) {
    if (turned_on) send_keepalive(peer, now);
    arm_persistent_keepalive(peer, now.boot);
  }
  queue_.update(peer);
}

void Device::bring_up(Instant now) {
  if (up_) return;
  up_ = true;
  for (auto& [serial, peer] : by_serial_)
    start(*peer, now);
}

void Device::bring_down() {
  if (!up_) return;
  up_ = false;
  for (auto& [serial, peer] : by_serial_) {
    shared_.drops.add(DropReason::kInterfaceDown, peer->staged.clear());
    peer->timers.disarm_all();
    peer->activity.stop_watching();
    queue_.remove(*peer);
    clear_keys(*peer);
    peer->last_handshake_sent.reset();
    static_cast<void>(peer->take_handshake_wish());
  }
}

void Device::forget_sources() {
  for (auto& [serial, peer] : by_serial_)
    peer->forget_source();
}

void Device::reclaim() {
  if (shared_.reclaimer.empty()) return;
  // A worker may have pointed at a peer after it was removed: it comes off the list before it is
  // freed.
  shared_.reclaimer.collect([this] {
    shared_.attention.drain([this](Peer& peer, std::uint32_t why) {
      // A living peer goes back, to be looked at in its turn.
      if (!peer.removed) static_cast<void>(shared_.attention.push(peer, why));
    });
  });
}

}  // namespace wring
