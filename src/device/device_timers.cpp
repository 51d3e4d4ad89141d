// The five timers of a peer ([WG] 6), and what workers asked for by the attention list.
//
//   retransmit handshake   an initiation is sent again after 5 s plus jitter, for 90 s (P7)
//   passive keepalive      data came and nothing was sent for 10 s (P26)
//   new handshake          data was sent and nothing came back for 15 s (P9)
//   zero keys              no new session for 540 s: all keys are wiped (P14)
//   persistent keepalive   every N seconds without traffic (P27)
//
// Workers only write times into PeerActivity. A timer that fires reads them, and is armed again if
// there was traffic meanwhile. No timer waits for room for a handshake.
#include <algorithm>

#include "device/device.h"

namespace wring {
namespace {

// Peers whose timers are looked at before others get their turn: a gateway that comes up may have
// 100,000 of them due at once.
constexpr std::size_t kTimedPeersPerTurn = 256;

}  // namespace

void Device::handle_attention(Instant now) {
  shared_.attention.drain([&](Peer& peer, std::uint32_t why) {
    if (peer.removed) return;
    if ((why & kHeardElsewhere) != 0) check_source_if_wanted(peer, now.boot);
    if (!up_) {
      // Taken back whenever nothing comes of it, so that a later packet can ask again. What a
      // worker staged after the interface went down would be stale when it comes up.
      static_cast<void>(peer.take_handshake_wish());
      shared_.drops.add(DropReason::kInterfaceDown, peer.staged.clear());
      return;
    }
    if ((why & kConfirmed) != 0) confirm_next(peer, now);
    if ((why & kNeedsHandshake) != 0) {
      const Session* session = peer.sending.load(std::memory_order_relaxed);
      if (session == nullptr || !session->can_send(now.boot) ||
          session->wants_rekey_on_send(now.boot)) {
        want_handshake(peer, now, Retry::kNo);
      } else {
        static_cast<void>(peer.take_handshake_wish());
      }
      // A packet may have been staged just after the others were sent.
      if (session != nullptr && session->can_send(now.boot)) send_staged(peer, now);
    }
    if ((why & kNeedsLastMinuteKey) != 0 && !peer.sent_last_minute_handshake) {
      const Session* current = peer.keypairs.current();
      if (current != nullptr && current->wants_rekey_on_receive(now.boot)) {
        peer.sent_last_minute_handshake = true;
        want_handshake(peer, now, Retry::kNo);
      }
    }
    if ((why & kWatchUnanswered) != 0) {
      arm_from(peer, Timer::kNewHandshake, peer.activity.watch_unanswered(),
               kNewHandshakeTime + jitter());
    }
    if ((why & kWatchUnreplied) != 0) {
      arm_from(peer, Timer::kPassiveKeepalive, peer.activity.watch_unreplied(), kKeepaliveTimeout);
    }
    queue_.update(peer);
  });
}

TimePoint Device::next_deadline() const {
  // A handshake that waits for room has no deadline: the job that makes room wakes this thread.
  return std::min({queue_.next_deadline(), rate_limiter_.next_expiry(),
                   follower_ ? follower_->next_deadline() : kNever});
}

void Device::handle_timeout(Instant now) {
  rate_limiter_.expire(now.boot);
  check_sources(now);
  for (std::size_t n = 0; n < kTimedPeersPerTurn; ++n) {
    Peer* const peer = queue_.due(now.boot);
    if (peer == nullptr) return;
    while (const std::optional<Timer> timer = peer->timers.take_due(now.boot)) {
      on_timer(*peer, *timer, now);
    }
    queue_.update(*peer);
  }
}

void Device::on_timer(Peer& peer, Timer timer, Instant now) {
  switch (timer) {
    case Timer::kRetransmitHandshake:
      return on_retransmit(peer, now);
    case Timer::kPassiveKeepalive:
      return on_passive_keepalive(peer, now);
    case Timer::kNewHandshake:
      return on_new_handshake(peer, now);
    case Timer::kZeroKeys:
      tell(peer, DeviceEvent::kKeysZeroed);
      return clear_keys(peer);
    case Timer::kPersistentKeepalive:
      return on_persistent_keepalive(peer, now);
  }
}

void Device::on_retransmit(Peer& peer, Instant now) {
  // Traffic that still asks for a key starts the count anew (P7).
  if (peer.take_handshake_wish()) peer.handshake_retries = 0;
  if (peer.handshake_retries >= kMaxHandshakeRetries) {
    tell(peer, DeviceEvent::kHandshakeGivenUp);
    shared_.drops.add(DropReason::kStagedGivenUp, peer.staged.clear());
    peer.activity.forget_unreplied();
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_unreplied(), kKeepaliveTimeout);
    drop_sent_initiation(peer);
    if (!peer.timers.is_armed(Timer::kZeroKeys)) arm_zero_keys(peer, now.boot);
    return;
  }
  if (peer.sent_initiation) ++peer.handshake_retries;
  peer.forget_source();
  want_handshake(peer, now, Retry::kYes);
}

void Device::on_passive_keepalive(Peer& peer, Instant now) {
  const TimePoint since = peer.activity.unreplied_since();
  if (since == kNever) {
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_unreplied(), kKeepaliveTimeout);
  } else if (now.boot < since + kKeepaliveTimeout) {
    peer.timers.arm(Timer::kPassiveKeepalive, since + kKeepaliveTimeout);
  } else {
    const bool more_came = peer.activity.received_data_after(since);
    send_keepalive(peer, now);
    // If nothing could be sent the moment has passed all the same: the next try is for later data.
    if (peer.activity.unreplied_since() == since) peer.activity.forget_unreplied();
    if (more_came) peer.activity.restart_unreplied(now.boot);
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_unreplied(), kKeepaliveTimeout);
  }
}

void Device::on_new_handshake(Peer& peer, Instant now) {
  const TimePoint since = peer.activity.unanswered_since();
  if (since != kNever && now.boot >= since + kNewHandshakeTime) {
    peer.activity.forget_unanswered();
    peer.forget_source();
    want_handshake(peer, now, Retry::kNo);
  }
  arm_from(peer, Timer::kNewHandshake, peer.activity.unwatch_unanswered(),
           kNewHandshakeTime + jitter());
}

void Device::on_persistent_keepalive(Peer& peer, Instant now) {
  if (peer.persistent_keepalive_s == 0) return;
  const auto interval = std::chrono::seconds(peer.persistent_keepalive_s);
  if (now.boot >= peer.activity.last_traversal() + interval) {
    send_keepalive(peer, now);
    // Counted from now even if nothing could be sent: a try every N seconds, not a busy loop.
    peer.timers.arm(Timer::kPersistentKeepalive, now.boot + interval);
  } else {
    // Traffic pushed it back (P27).
    peer.timers.arm(Timer::kPersistentKeepalive, peer.activity.last_traversal() + interval);
  }
}

void Device::arm_from(Peer& peer, Timer timer, TimePoint since, Duration delay) {
  if (since == kNever) {
    peer.timers.disarm(timer);
  } else if (!peer.timers.is_armed(timer)) {
    peer.timers.arm(timer, since + delay);
  }
}

void Device::arm_zero_keys(Peer& peer, TimePoint now) {
  peer.timers.arm(Timer::kZeroKeys, now + kZeroKeysTime);
}

void Device::arm_persistent_keepalive(Peer& peer, TimePoint now) {
  if (peer.persistent_keepalive_s == 0 || !up_) return;
  if (peer.timers.is_armed(Timer::kPersistentKeepalive))
    return;  // looks at the activity when it fires
  peer.timers.arm(Timer::kPersistentKeepalive,
                  now + std::chrono::seconds(peer.persistent_keepalive_s));
}

Duration Device::jitter() {
  return std::chrono::milliseconds(
      rng_.below(static_cast<std::uint32_t>(kRekeyTimeoutJitterMax.count()) + 1));
}

}  // namespace wring
