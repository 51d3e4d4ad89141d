// Handshake messages in and out, up to the job that computes them ([WG] 5.4, 6.6).
//
// A message is first checked without Curve25519: mac1, and under load mac2 and the rate limiter
// (P31, P32). Then a job goes to the executor with copies of all it needs, and device_complete.cpp
// takes its result back. Our own initiations go the same way. At most one leaves per peer every
// five seconds (P6).
#include "device/device.h"
#include "steering/steering.h"

namespace wring {
namespace {

// The first stamp that a peer which saw `last` takes: whole units of the whitened part. A clock
// that was set back must not shut us out until it has caught up (P5).
Tai64n later_than(const Tai64n& last, const Tai64n& now) {
  return now > last ? now : successor(last);
}

IpAddress remote_address(const Endpoint& endpoint) {
  if (endpoint.is_v4()) return IpAddress::v4(std::bit_cast<Bytes<4>>(endpoint.remote.v4.sin_addr));
  return IpAddress::v6(std::bit_cast<Bytes<16>>(endpoint.remote.v6.sin6_addr));
}

}  // namespace

void Device::handle_handshake(ByteSpan message, const Endpoint& from, Instant now) {
  if (!up_ || !identity_) {
    shared_.drops.add(DropReason::kInterfaceDown);
    return;
  }
  const std::optional<MessageType> type = classify(message);
  if (type == MessageType::kInitiation) {
    handle_initiation(message, from, now);
  } else if (type == MessageType::kResponse) {
    handle_response(message, from, now);
  } else if (type == MessageType::kCookieReply) {
    handle_cookie_reply(message, now);
  } else {
    shared_.drops.add(DropReason::kMalformedDatagram);
  }
}

bool Device::admit(ByteSpan bytes, const Endpoint& from, SessionIndex sender, Instant now) {
  if (!mac_checker_.check_mac1(bytes)) {
    shared_.drops.add(DropReason::kMac1Invalid);
    return false;
  }
  if (!load_.is_under_load(now.boot)) return true;
  const EndpointBytes source = cookie_bytes(from);
  if (!mac_checker_.check_mac2(bytes, source.span(), now.boot, rng_)) {
    const CookieReplyMessage reply =
        mac_checker_.make_reply(bytes, source.span(), sender, now.boot, rng_);
    // A cookie reply is not worth a second try, and it does not count as traffic of a peer (P25).
    static_cast<void>(sender_.send({as_bytes(reply), &from, kHandshakeTos}));
    refuse(DropReason::kCookieRequired, now.boot);
    return false;
  }
  if (!rate_limiter_.allow(remote_address(from), now.boot)) {
    shared_.drops.add(DropReason::kRateLimited);
    return false;
  }
  return true;
}

void Device::refuse(DropReason why, TimePoint now) {
  shared_.drops.add(why);
  load_.note_refused(now);
}

void Device::handle_initiation(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<InitiationMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  submit({identity_, from, IdentifyWork{.message = message}}, now);
}

void Device::handle_response(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<ResponseMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  const auto waiting = awaiting_response_.find(SessionIndex{message.receiver});
  if (waiting == awaiting_response_.end()) {
    return shared_.drops.add(DropReason::kResponseUnsolicited);
  }
  const Peer& peer = *waiting->second;
  submit({identity_, from,
          FinishWork{.message = message,
                     .peer = peer.serial,
                     .sent = peer.sent_initiation->clone(),
                     .preshared_key = peer.preshared_key.clone()}},
         now);
}

void Device::handle_cookie_reply(ByteSpan bytes, Instant now) {
  const auto message = load<CookieReplyMessage>(bytes);
  const SessionIndex receiver{message.receiver};
  Peer* peer = nullptr;
  if (const auto waiting = awaiting_response_.find(receiver); waiting != awaiting_response_.end()) {
    peer = waiting->second;
  } else if (const Session* session = shared_.sessions.find(receiver)) {
    peer = &session->peer();  // it answers a response of ours
  }
  if (peer == nullptr || !peer->macs.consume_reply(message, now.boot)) {
    shared_.drops.add(DropReason::kCookieUnsolicited);
  }
}

void Device::want_handshake(Peer& peer, Instant now, Retry retry) {
  if (!up_ || !identity_ || !peer.endpoint.load().is_set() || peer.unusable) {
    // Taken back, so that a later packet can ask again.
    static_cast<void>(peer.take_handshake_wish());
    return;
  }
  if (retry == Retry::kNo) peer.handshake_retries = 0;
  if (peer.last_handshake_sent && now.boot - *peer.last_handshake_sent < kRekeyTimeout) {
    // Too early (P6): the timer sends it as soon as it may go, so that what waits for it need not
    // depend on further traffic.
    if (!peer.timers.is_armed(Timer::kRetransmitHandshake)) {
      peer.timers.arm(Timer::kRetransmitHandshake, *peer.last_handshake_sent + kRekeyTimeout);
    }
  } else if (!has_room_for_job()) {
    if (!peer.waits_to_begin) waiting_to_begin_.push_back(peer.serial);
    peer.waits_to_begin = true;
  } else {
    begin_initiation(peer, now);
  }
  queue_.update(peer);
}

void Device::begin_initiation(Peer& peer, Instant now) {
  const Tai64n stamp = later_than(peer.latest_timestamp_sent, tai64n_from(now.wall));
  peer.latest_timestamp_sent = stamp;
  peer.last_handshake_sent = now.boot;
  // Should nothing come of it, it is tried again.
  peer.timers.arm(Timer::kRetransmitHandshake, now.boot + kRekeyTimeout);
  submit({identity_, Endpoint(),
          InitiateWork{.peer = peer.serial,
                       .remote_static = peer.public_key,
                       .static_static = static_static_of(peer),
                       .stamp = stamp,
                       .begun_at = now.boot}},
         now);
}

void Device::begin_waiting(Instant now) {
  while (!waiting_to_begin_.empty() && has_room_for_job()) {
    Peer* const peer = find_peer(waiting_to_begin_.front());
    waiting_to_begin_.pop_front();
    if (peer == nullptr) continue;
    peer->waits_to_begin = false;
    want_handshake(*peer, now, Retry::kYes);
  }
}

void Device::submit(HandshakeJob job, Instant now) {
  auto owned = std::make_unique<HandshakeJob>(std::move(job));
  ++jobs_under_way_;
  if (owned->answers()) ++answering_jobs_;
  if (executor_ != nullptr) return executor_->submit(std::move(owned));
  run(std::array{owned.get()}, rng_);
  complete(std::move(owned), now);
}

void Device::send_handshake_message(Peer& peer, MutByteSpan message, Instant now) {
  peer.macs.stamp(message, now.boot);
  peer.activity.on_sent(now.boot);
  if (send_to(peer, {.payload = message, .tos = kHandshakeTos}) == 0) {
    peer.tx_bytes.fetch_add(message.size(), std::memory_order_relaxed);
  }
  arm_persistent_keepalive(peer, now.boot);
}

void Device::drop_sent_initiation(Peer& peer) {
  if (!peer.sent_initiation) return;
  awaiting_response_.erase(peer.sent_initiation->local_index);
  peer.sent_initiation.reset();
}

SessionIndex Device::fresh_index(const Peer& peer) {
  const auto worker = static_cast<unsigned>(peer.serial % workers_);
  while (true) {
    const SessionIndex index{index_for(worker, workers_, rng_.u32())};
    if (!shared_.sessions.contains(index) && !awaiting_response_.contains(index)) return index;
  }
}

void Device::begin_session(Peer& peer, TransportKeys keys, TimePoint now) {
  auto session = std::make_unique<Session>(peer, std::move(keys), now);
  Session& added = *session;
  // The index is fresh (P13), so that it cannot be taken.
  static_cast<void>(shared_.sessions.insert(added.keys().local_index, &added));
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

bool Device::theirs_wins(const Peer& peer) const {
  return identity_ == nullptr || peer.public_key > identity_->public_key();
}

void Device::complete_handshake(Peer& peer, Instant now) {
  peer.timers.disarm(Timer::kRetransmitHandshake);
  peer.handshake_retries = 0;
  peer.sent_last_minute_handshake = false;
  peer.last_handshake = now.wall;
  peer.joined_sizes.forget();
  // Before the staged packets go: a worker that stages one more later finds it taken back and tells
  // us.
  static_cast<void>(peer.take_handshake_wish());
}

void Device::confirm_next(Peer& peer, Instant now) {
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
  queue_.update(peer);
}

}  // namespace wring
