// Handshakes that we begin ([WG] 5.4.2, 5.4.3).
//
// At most one initiation leaves per peer every five seconds (P6). A wish that comes earlier waits
// for the timer. A handshake that finds no room for a job waits in line. A response is accepted
// only for the initiation that was sent last.
#include "device/device.h"

namespace wring {
namespace {

// The first stamp that a peer which saw `last` takes: whole units of the whitened part. A clock
// that was set back must not shut us out until it has caught up (P5).
Tai64n later_than(const Tai64n& last, const Tai64n& now) {
  return now > last ? now : successor(last);
}

}  // namespace

void Device::want_handshake(DevicePeer& peer, Instant now, Retry retry) {
  if (!up_ || !identity_ || !peer.endpoint.load().is_set() || peer.unusable) {
    peer.withdraw_handshake_wish();
    peer.handshake_begun.reset();  // it is abandoned: a later one takes its own time
    return;
  }
  if (retry == Retry::kNo) peer.handshake_retries = 0;
  if (peer.last_handshake_sent && now.boot - *peer.last_handshake_sent < kRekeyTimeout) {
    // Too early (P6). The timer sends it as soon as it is allowed, because no further traffic may
    // come to ask again.
    if (!peer.timers().is_armed(Timer::kRetransmitHandshake)) {
      timers_.arm(peer, Timer::kRetransmitHandshake, *peer.last_handshake_sent + kRekeyTimeout);
    }
  } else if (!slots_.has_room()) {
    if (!peer.waits_to_begin) waiting_to_begin_.push_back(peer.serial);
    peer.waits_to_begin = true;
  } else {
    begin_initiation(peer, now);
  }
}

void Device::begin_initiation(DevicePeer& peer, Instant now) {
  const Tai64n stamp = later_than(peer.latest_timestamp_sent, tai64n_from(now.wall));
  peer.latest_timestamp_sent = stamp;
  peer.last_handshake_sent = now.boot;
  // The timer tries again if no initiation or no response follows.
  timers_.arm(peer, Timer::kRetransmitHandshake, now.boot + kRekeyTimeout);
  submit({identity_, Endpoint(),
          InitiateWork{.peer = peer.serial,
                       .remote_static = peer.public_key,
                       .static_static = static_static_of(peer),
                       .stamp = stamp,
                       .begun_at = now.boot}},
         now);
}

void Device::begin_waiting(Instant now) {
  while (!waiting_to_begin_.empty() && slots_.has_room()) {
    DevicePeer* const peer = peers_.find(waiting_to_begin_.front());
    waiting_to_begin_.pop_front();
    if (peer == nullptr) continue;
    peer->waits_to_begin = false;
    want_handshake(*peer, now, Retry::kYes);
  }
}

void Device::complete(InitiateWork& work, const Endpoint& /*from*/, Instant now) {
  DevicePeer* const peer = peers_.find(work.peer);
  // Another one may have been begun meanwhile, with a later stamp.
  if (peer == nullptr || peer->latest_timestamp_sent != work.stamp) return;
  if (!keep_static_static(*peer, work.static_static) || !work.initiation) {
    timers_.disarm(*peer, Timer::kRetransmitHandshake);
    peer->withdraw_handshake_wish();
    peer->handshake_begun.reset();
    return;
  }
  if (peer->last_handshake_sent > work.begun_at) {
    // The peer's own initiation was answered meanwhile, which counts as ours (P6).
    timers_.arm(*peer, Timer::kRetransmitHandshake, *peer->last_handshake_sent + kRekeyTimeout);
    return;
  }
  if (ephemeral_observer_) ephemeral_observer_(*peer, work.initiation->state.ephemeral);
  drop_sent_initiation(*peer);
  peer->initiations_crossed = false;
  work.initiation->set_index(fresh_index(*peer));
  peer->last_handshake_sent = now.boot;
  awaiting_response_.emplace(work.initiation->state.local_index, peer);
  peer->sent_initiation = std::move(work.initiation->state);
  timers_.arm(*peer, Timer::kRetransmitHandshake, now.boot + kRekeyTimeout + jitter());
  if (!peer->handshake_begun) {
    peer->handshake_begun = now.boot;
    ++counts_.handshakes_begun;
  }
  ++counts_.initiations_sent;
  tell(*peer, DeviceEvent::kInitiationSent);
  auto message = std::bit_cast<Bytes<sizeof(InitiationMessage)>>(work.initiation->message);
  send_handshake_message(*peer, message, now);
}

void Device::handle_response(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<ResponseMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  const auto waiting = awaiting_response_.find(SessionIndex{message.receiver});
  if (waiting == awaiting_response_.end()) {
    return shared_.drops.add(DropReason::kResponseUnsolicited);
  }
  const DevicePeer& peer = *waiting->second;
  submit({identity_, from,
          FinishWork{.message = message,
                     .peer = peer.serial,
                     .sent = peer.sent_initiation->clone(),
                     .preshared_key = peer.preshared_key.clone()}},
         now);
}

void Device::complete(FinishWork& work, const Endpoint& from, Instant now) {
  // A session that is confirmed, but not promoted yet, came first.
  if (DevicePeer* const peer = peers_.find(work.peer)) confirm_next(*peer, now);
  // The initiation may have been answered, given up or followed by another one meanwhile.
  const auto waiting = awaiting_response_.find(work.sent.local_index);
  if (waiting == awaiting_response_.end() || waiting->second->serial != work.peer) {
    return shared_.drops.add(DropReason::kResponseUnsolicited);
  }
  if (!work.keys) return refuse(DropReason::kResponseForged, now.boot);
  DevicePeer& peer = *waiting->second;
  if (shared_.comes_from_inside(from, peer)) return shared_.drops.add(DropReason::kFromInside);

  hear(peer, from, now.boot);
  peer.rx_bytes.fetch_add(sizeof work.message, std::memory_order_relaxed);
  peer.activity.on_received(now.boot);
  tell(peer, DeviceEvent::kResponseReceived);
  if (peer.handshake_begun) {
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(now.boot - *peer.handshake_begun);
    counts_.handshake_us.add(static_cast<std::uint64_t>(took.count()));
  }
  drop_sent_initiation(peer);
  begin_session(peer, std::move(*work.keys), now.boot);
  complete_handshake(peer, now);
  // It tells the responder that the session is confirmed, if no staged packet does (P11).
  send_keepalive(peer, now);
  arm_persistent_keepalive(peer, now.boot);
}

void Device::drop_sent_initiation(DevicePeer& peer) {
  if (!peer.sent_initiation) return;
  awaiting_response_.erase(peer.sent_initiation->local_index);
  peer.sent_initiation.reset();
}

}  // namespace wring
