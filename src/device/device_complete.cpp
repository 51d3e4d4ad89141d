// What becomes of a job that was run. All that the job took for granted is looked at again: keys,
// peers and sessions may have changed while it was under way.
#include "device/device.h"

namespace wring {

void Device::complete(std::unique_ptr<HandshakeJob> job, Instant now) {
  --jobs_under_way_;
  if (job->answers()) --answering_jobs_;
  take_back(*job, now);
  begin_waiting(now);
}

void Device::take_back(HandshakeJob& job, Instant now) {
  if (!up_) return shared_.drops.add(DropReason::kInterfaceDown);
  // It was made with a key that is no longer ours.
  if (job.identity != identity_) return shared_.drops.add(DropReason::kMac1Invalid);
  std::visit([&](auto& work) { complete(work, job.from, now); }, job.work);
}

void Device::complete(IdentifyWork& work, const Endpoint& from, Instant now) {
  if (!work.identified) return refuse(DropReason::kHandshakeForged, now.boot);
  const Peer* peer = find_peer(work.identified->remote_static);
  if (peer == nullptr) return refuse(DropReason::kUnknownPeer, now.boot);
  if (peer->unusable) return refuse(DropReason::kHandshakeForged, now.boot);
  const bool too_soon = peer->last_initiation_consumed &&
                        now.boot - *peer->last_initiation_consumed < kInitiationInterval;
  submit({identity_, from,
          AnswerWork{.message = work.message,
                     .identified = std::move(*work.identified),
                     .peer = peer->serial,
                     .static_static = static_static_of(*peer),
                     .preshared_key = peer->preshared_key.clone(),
                     .newer_than = peer->latest_timestamp_received,
                     .too_soon = too_soon}},
         now);
}

void Device::complete(AnswerWork& work, const Endpoint& from, Instant now) {
  Peer* const peer = find_peer(work.peer);
  if (peer == nullptr) return shared_.drops.add(DropReason::kUnknownPeer);
  static_cast<void>(keep_static_static(*peer, work.static_static));
  if (!work.response) return refuse(work.refused, now.boot);
  if (shared_.comes_from_inside(from, *peer)) return shared_.drops.add(DropReason::kFromInside);
  // Another one may have been consumed meanwhile.
  if (work.timestamp <= peer->latest_timestamp_received) {
    return refuse(DropReason::kHandshakeReplayed, now.boot);
  }
  if (peer->last_initiation_consumed &&
      now.boot - *peer->last_initiation_consumed < kInitiationInterval) {
    return refuse(DropReason::kHandshakeFlood, now.boot);
  }

  // Authentic and new: from here on the peer changes (P12).
  peer->latest_timestamp_received = work.timestamp;
  peer->last_initiation_consumed = now.boot;
  hear(*peer, from, now.boot);
  peer->rx_bytes.fetch_add(sizeof work.message, std::memory_order_relaxed);
  peer->activity.on_received(now.boot);
  tell(*peer, DeviceEvent::kInitiationReceived);
  if (ephemeral_observer_) ephemeral_observer_(*peer, work.response->ephemeral);

  // A session that is confirmed, but not promoted yet, must not make room for the new one.
  confirm_next(*peer, now);
  work.response->set_index(fresh_index(*peer));
  begin_session(*peer, std::move(work.response->keys), now.boot);
  if (peer->sent_initiation) peer->initiations_crossed = true;
  peer->last_handshake_sent = now.boot;
  auto reply = std::bit_cast<Bytes<sizeof(ResponseMessage)>>(work.response->message);
  send_handshake_message(*peer, reply, now);
  queue_.update(*peer);
}

void Device::complete(InitiateWork& work, const Endpoint& /*from*/, Instant now) {
  Peer* const peer = find_peer(work.peer);
  // Another one may have been begun meanwhile, with a later stamp.
  if (peer == nullptr || peer->latest_timestamp_sent != work.stamp) return;
  if (!keep_static_static(*peer, work.static_static) || !work.initiation) {
    peer->timers.disarm(Timer::kRetransmitHandshake);
    // Taken back, so that a later packet can ask again.
    static_cast<void>(peer->take_handshake_wish());
    return queue_.update(*peer);
  }
  if (peer->last_handshake_sent > work.begun_at) {
    // The peer's own initiation was answered meanwhile, which counts as ours (P6).
    peer->timers.arm(Timer::kRetransmitHandshake, *peer->last_handshake_sent + kRekeyTimeout);
    return queue_.update(*peer);
  }
  if (ephemeral_observer_) ephemeral_observer_(*peer, work.initiation->state.ephemeral);
  drop_sent_initiation(*peer);
  peer->initiations_crossed = false;
  work.initiation->set_index(fresh_index(*peer));
  peer->last_handshake_sent = now.boot;
  awaiting_response_.emplace(work.initiation->state.local_index, peer);
  peer->sent_initiation = std::move(work.initiation->state);
  peer->timers.arm(Timer::kRetransmitHandshake, now.boot + kRekeyTimeout + jitter());
  tell(*peer, DeviceEvent::kInitiationSent);
  auto message = std::bit_cast<Bytes<sizeof(InitiationMessage)>>(work.initiation->message);
  send_handshake_message(*peer, message, now);
  queue_.update(*peer);
}

void Device::complete(FinishWork& work, const Endpoint& from, Instant now) {
  // A session that is confirmed, but not promoted yet, came first.
  if (Peer* const peer = find_peer(work.peer)) confirm_next(*peer, now);
  // The initiation may have been answered, given up or followed by another one meanwhile.
  const auto waiting = awaiting_response_.find(work.sent.local_index);
  if (waiting == awaiting_response_.end() || waiting->second->serial != work.peer) {
    return shared_.drops.add(DropReason::kResponseUnsolicited);
  }
  if (!work.keys) return refuse(DropReason::kResponseForged, now.boot);
  Peer& peer = *waiting->second;
  if (shared_.comes_from_inside(from, peer)) return shared_.drops.add(DropReason::kFromInside);

  hear(peer, from, now.boot);
  peer.rx_bytes.fetch_add(sizeof work.message, std::memory_order_relaxed);
  peer.activity.on_received(now.boot);
  tell(peer, DeviceEvent::kResponseReceived);
  drop_sent_initiation(peer);
  begin_session(peer, std::move(*work.keys), now.boot);
  complete_handshake(peer, now);
  // The keepalive tells the responder that the session is confirmed, if nothing else does (P11).
  if (peer.staged.empty()) {
    send_keepalive(peer, now);
  } else {
    send_staged(peer, now);
  }
  arm_persistent_keepalive(peer, now.boot);
  queue_.update(peer);
}

bool Device::keep_static_static(Peer& peer, StaticStatic& secret) {
  peer.unusable = !secret;
  if (!peer.static_static) peer.static_static = std::move(secret);
  return !peer.unusable;
}

StaticStatic Device::static_static_of(const Peer& peer) {
  if (!peer.static_static) return std::nullopt;
  return peer.static_static->clone();
}

}  // namespace wring
