// The five timers of a peer ([WG] 6).
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
// Three initiations without an answer.
constexpr Duration kLostAfter = std::chrono::seconds(15);

}  // namespace

TimePoint Device::next_deadline() const {
  if (!shared_.attention.empty()) return TimePoint{};
  // A handshake that waits for room has no deadline: the job that makes room wakes this thread.
  return std::min({timers_.next_deadline(), rate_limiter_.next_expiry(),
                   follower_ ? follower_->next_deadline() : kNever});
}

void Device::handle_timeout(Instant now) {
  rate_limiter_.expire(now.boot);
  check_sources(now);
  for (std::size_t n = 0; n < kTimedPeersPerTurn; ++n) {
    DevicePeer* const peer = timers_.due(now.boot);
    if (peer == nullptr) return;
    while (const std::optional<Timer> timer = timers_.take_due(*peer, now.boot)) {
      on_timer(*peer, *timer, now);
    }
  }
}

void Device::on_timer(DevicePeer& peer, Timer timer, Instant now) {
  switch (timer) {
    case Timer::kRetransmitHandshake:
      return on_retransmit(peer, now);
    case Timer::kPassiveKeepalive:
      return on_passive_keepalive(peer, now);
    case Timer::kNewHandshake:
      return on_new_handshake(peer, now);
    case Timer::kZeroKeys:
      tell(peer, DeviceEvent::kKeysZeroed);
      lose(peer);
      return clear_keys(peer);
    case Timer::kPersistentKeepalive:
      return on_persistent_keepalive(peer, now);
  }
}

void Device::on_retransmit(DevicePeer& peer, Instant now) {
  // Traffic that still asks for a key starts the count anew (P7).
  if (peer.take_handshake_wish()) peer.handshake_retries = 0;
  if (peer.handshake_retries >= kMaxHandshakeRetries) {
    ++counts_.handshakes_given_up;
    peer.handshake_begun.reset();
    tell(peer, DeviceEvent::kHandshakeGivenUp);
    shared_.drops.add(DropReason::kStagedGivenUp, peer.staged.clear());
    peer.activity.forget_owing_reply();
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_owing_reply(),
             kKeepaliveTimeout);
    drop_sent_initiation(peer);
    if (!peer.timers().is_armed(Timer::kZeroKeys)) arm_zero_keys(peer, now.boot);
    return;
  }
  if (peer.handshake_begun && now.boot - *peer.handshake_begun >= kLostAfter) lose(peer);
  if (peer.sent_initiation) ++peer.handshake_retries;
  peer.forget_source();
  want_handshake(peer, now, Retry::kYes);
}

void Device::on_passive_keepalive(DevicePeer& peer, Instant now) {
  const TimePoint since = peer.activity.owing_reply_since();
  if (since == kNever) {
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_owing_reply(),
             kKeepaliveTimeout);
  } else if (now.boot < since + kKeepaliveTimeout) {
    timers_.arm(peer, Timer::kPassiveKeepalive, since + kKeepaliveTimeout);
  } else {
    const bool more_came = peer.activity.received_data_after(since);
    send_keepalive(peer, now);
    // Even if nothing could be sent, the moment has passed: the next try is for later data.
    if (peer.activity.owing_reply_since() == since) peer.activity.forget_owing_reply();
    if (more_came) peer.activity.restart_owing_reply(now.boot);
    arm_from(peer, Timer::kPassiveKeepalive, peer.activity.unwatch_owing_reply(),
             kKeepaliveTimeout);
  }
}

void Device::on_new_handshake(DevicePeer& peer, Instant now) {
  const TimePoint since = peer.activity.awaiting_reply_since();
  if (since != kNever && now.boot >= since + kNewHandshakeTime) {
    peer.activity.forget_awaiting_reply();
    peer.forget_source();
    want_handshake(peer, now, Retry::kNo);
  }
  arm_from(peer, Timer::kNewHandshake, peer.activity.unwatch_awaiting_reply(),
           kNewHandshakeTime + jitter());
}

void Device::on_persistent_keepalive(DevicePeer& peer, Instant now) {
  if (peer.persistent_keepalive_s == 0) return;
  const auto interval = std::chrono::seconds(peer.persistent_keepalive_s);
  if (now.boot >= peer.activity.last_traversal() + interval) {
    send_keepalive(peer, now);
    // Counted from now even if nothing could be sent, so that it tries every N seconds and not all
    // the time.
    timers_.arm(peer, Timer::kPersistentKeepalive, now.boot + interval);
  } else {
    // Traffic pushed it back (P27).
    timers_.arm(peer, Timer::kPersistentKeepalive, peer.activity.last_traversal() + interval);
  }
}

void Device::arm_from(DevicePeer& peer, Timer timer, TimePoint since, Duration delay) {
  if (since == kNever) {
    timers_.disarm(peer, timer);
  } else if (!peer.timers().is_armed(timer)) {
    timers_.arm(peer, timer, since + delay);
  }
}

void Device::arm_zero_keys(DevicePeer& peer, TimePoint now) {
  timers_.arm(peer, Timer::kZeroKeys, now + kZeroKeysTime);
}

void Device::arm_persistent_keepalive(DevicePeer& peer, TimePoint now) {
  if (peer.persistent_keepalive_s == 0 || !up_) return;
  if (peer.timers().is_armed(Timer::kPersistentKeepalive))
    return;  // looks at the activity when it fires
  timers_.arm(peer, Timer::kPersistentKeepalive,
              now + std::chrono::seconds(peer.persistent_keepalive_s));
}

Duration Device::jitter() {
  return std::chrono::milliseconds(
      rng_.below(static_cast<std::uint32_t>(kRekeyTimeoutJitterMax.count()) + 1));
}

}  // namespace wring
