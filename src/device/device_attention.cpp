// What workers ask of the control thread: they put a peer on the attention list and say why.
#include "device/device.h"

namespace wring {

void Device::handle_attention(Instant now) {
  shared_.attention.drain([&](Peer& peer, AttentionReasons why) {
    // One that was removed waits to be freed.
    if (!of(peer).removed) attend(of(peer), why, now);
  });
}

void Device::attend(DevicePeer& peer, AttentionReasons why, Instant now) {
  if (why.has(Attention::kMoved)) note_move(peer);
  if (why.has(Attention::kHeardElsewhere)) check_source_if_wanted(peer, now.boot);
  if (!up_) {
    // The interface is down, so the wish is not followed. A worker may have staged packets after it
    // went down. They would be stale when it comes up.
    peer.withdraw_handshake_wish();
    return shared_.drops.add(DropReason::kInterfaceDown, peer.staged.clear());
  }
  if (why.has(Attention::kConfirmed)) confirm_next(peer, now);
  if (why.has(Attention::kNeedsHandshake)) {
    const Session* session = peer.session_to_send_on(now.boot);
    if (session == nullptr || session->wants_rekey_on_send(now.boot)) {
      want_handshake(peer, now, Retry::kNo);
    } else {
      peer.withdraw_handshake_wish();
    }
    // A packet may have been staged just after the others were sent.
    if (session != nullptr) send_staged(peer, now);
  }
  if (why.has(Attention::kNeedsLastMinuteKey) && !peer.sent_last_minute_handshake) {
    const Session* current = peer.keypairs.current();
    if (current != nullptr && current->wants_rekey_on_receive(now.boot)) {
      peer.sent_last_minute_handshake = true;
      want_handshake(peer, now, Retry::kNo);
    }
  }
  if (why.has(Attention::kWatchAwaitingReply)) {
    arm_from(peer, Timer::kNewHandshake, peer.activity.watch_awaiting_reply(),
             kNewHandshakeTime + jitter());
  }
  if (why.has(Attention::kWatchOwingReply)) {
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.watch_owing_reply(), kKeepaliveTimeout);
  }
}

}  // namespace wring
