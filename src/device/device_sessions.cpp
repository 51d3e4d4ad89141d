// The life of a session: it gets an index, is published to the workers, is promoted and retired.
//
// Of each peer there are up to three (device/keypairs.h). The workers send on the session that is
// published; they receive on all that are in the table.
#include <cassert>
#include <utility>

#include "device/device.h"
#include "steering/steering.h"

namespace wring {

SessionIndex Device::fresh_index(const DevicePeer& peer) {
  const auto worker = static_cast<unsigned>(peer.serial % workers_);
  while (true) {
    const SessionIndex index{index_for(worker, workers_, rng_.u32())};
    if (!shared_.sessions.contains(index) && !awaiting_response_.contains(index)) return index;
  }
}

void Device::begin_session(DevicePeer& peer, TransportKeys keys, TimePoint now) {
  auto session = std::make_unique<Session>(peer, std::move(keys), now);
  Session& added = *session;
  const bool is_fresh = shared_.sessions.insert(added.keys().local_index, &added);
  assert(is_fresh);  // P13
  static_cast<void>(is_fresh);
  Keypairs::Dropped dropped =
      added.keys().is_initiator
          ? peer.keypairs.add_initiated(
                std::move(session),
                peer.initiations_crossed && theirs_wins(peer) ? now : now + kTwinGrace)
          : peer.keypairs.add_answered(std::move(session));
  publish_sending(peer, peer.keypairs.current());
  retire(std::move(dropped));
  arm_zero_keys(peer, now);
}

bool Device::theirs_wins(const DevicePeer& peer) const {
  return identity_ == nullptr || peer.public_key > identity_->public_key();
}

void Device::complete_handshake(DevicePeer& peer, Instant now) {
  timers_.disarm(peer, Timer::kRetransmitHandshake);
  peer.handshake_retries = 0;
  peer.sent_last_minute_handshake = false;
  peer.last_handshake = now.wall;
  peer.joined_sizes.forget();
  // Before the staged packets are sent: a worker that stages one more later finds the wish
  // withdrawn, and tells us again.
  peer.withdraw_handshake_wish();
  peer.handshake_begun.reset();
  ++counts_.handshakes_completed;
  tell(peer, DeviceEvent::kHandshakeCompleted);
  if (std::exchange(peer.is_lost, false)) tell(peer, DeviceEvent::kBack);
}

void Device::lose(DevicePeer& peer) {
  if (!std::exchange(peer.is_lost, true)) tell(peer, DeviceEvent::kLost);
}

void Device::confirm_next(DevicePeer& peer, Instant now) {
  Session* next = peer.keypairs.next();
  if (next == nullptr || !next->is_confirmed()) return;
  tell(peer, DeviceEvent::kSessionConfirmed);
  const Session* current = peer.keypairs.current();
  const bool is_newest = current == nullptr || next->created_at() >= current->created_at();
  Keypairs::Dropped dropped =
      peer.keypairs.promote_next(theirs_wins(peer) ? now.boot : now.boot + kTwinGrace);
  publish_sending(peer, next);
  retire(std::move(dropped));
  // An older twin was complete already, and an initiation of ours that is out is newer than both.
  if (is_newest) {
    drop_sent_initiation(peer);  // the other side's handshake came first
    complete_handshake(peer, now);
  }
  send_staged(peer, now);
}

void Device::publish_sending(DevicePeer& peer, Session* session) {
  const auto permitted = [](Session* each) {
    return each != nullptr && each->may_be_sent_on() ? each : nullptr;
  };
  // Release: a worker that finds the session finds its keys.
  peer.sending.store(permitted(session), std::memory_order_release);
  peer.sending_once_confirmed.store(permitted(peer.keypairs.next()), std::memory_order_release);
}

void Device::retire(Keypairs::Dropped dropped) {
  for (std::unique_ptr<Session>& session : dropped) {
    if (session == nullptr) continue;
    const bool was_in_table = shared_.sessions.remove(session->keys().local_index);
    assert(was_in_table);
    static_cast<void>(was_in_table);
    shared_.reclaimer.retire(std::move(session));
  }
}

void Device::clear_keys(DevicePeer& peer) {
  drop_sent_initiation(peer);
  peer.handshake_begun.reset();
  Keypairs::Dropped dropped = peer.keypairs.clear();
  publish_sending(peer, nullptr);
  retire(std::move(dropped));
}

}  // namespace wring
