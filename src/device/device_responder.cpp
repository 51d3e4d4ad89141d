// Handshakes that the other side begins ([WG] 5.4.2, 5.4.3).
//
// Two jobs: the first finds out who sent the initiation, the second checks it with what we know of
// this peer and makes the response. The peer changes only when the initiation is authentic and new
// (P12).
#include "device/device.h"

namespace wring {

void Device::handle_initiation(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<InitiationMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  submit({identity_, from, IdentifyWork{.message = message}}, now);
}

void Device::complete(IdentifyWork& work, const Endpoint& from, Instant now) {
  if (!work.identified) return refuse(DropReason::kHandshakeForged, now.boot);
  const DevicePeer* peer = peers_.find(work.identified->remote_static);
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
  DevicePeer* const peer = peers_.find(work.peer);
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
  ++counts_.initiations_answered;
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
}

}  // namespace wring
