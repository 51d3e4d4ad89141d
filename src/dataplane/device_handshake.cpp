#include "dataplane/device.h"

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

void Device::note_queue_depth(std::size_t depth, TimePoint now) {
  if (depth >= kHandshakeQueueLength / 8) under_load_until_ = now + kUnderLoadHold;
}

bool Device::admit(ByteSpan bytes, const Endpoint& from, SessionIndex sender, Instant now) {
  if (!mac_checker_.check_mac1(bytes)) {
    shared_.drops.add(DropReason::kMac1Invalid);
    return false;
  }
  if (now.boot >= under_load_until_) return true;
  const EndpointBytes source = cookie_bytes(from);
  if (!mac_checker_.check_mac2(bytes, source.span(), now.boot, rng_)) {
    const CookieReplyMessage reply =
        mac_checker_.make_reply(bytes, source.span(), sender, now.boot, rng_);
    // A cookie reply is not worth a second try, and it does not count as traffic of a peer (P25).
    static_cast<void>(sender_.send({as_bytes(reply), &from, kHandshakeTos}));
    shared_.drops.add(DropReason::kCookieRequired);
    return false;
  }
  if (!rate_limiter_.allow(remote_address(from), now.boot)) {
    shared_.drops.add(DropReason::kRateLimited);
    return false;
  }
  return true;
}

void Device::handle_initiation(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<InitiationMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  std::optional<IdentifiedInitiation> identified = identify_initiator(*identity_, message);
  if (!identified) return shared_.drops.add(DropReason::kHandshakeForged);
  Peer* peer = find_peer(identified->remote_static);
  if (peer == nullptr) return shared_.drops.add(DropReason::kUnknownPeer);
  if (!ensure_static_static(*peer)) return shared_.drops.add(DropReason::kHandshakeForged);
  std::optional<ReceivedInitiation> initiation =
      authenticate_initiation(std::move(*identified), message, *peer->static_static);
  if (!initiation) return shared_.drops.add(DropReason::kHandshakeForged);
  if (initiation->timestamp <= peer->latest_timestamp_received) {
    return shared_.drops.add(DropReason::kHandshakeReplayed);
  }
  if (peer->last_initiation_consumed &&
      now.boot - *peer->last_initiation_consumed < kInitiationInterval) {
    return shared_.drops.add(DropReason::kHandshakeFlood);
  }

  // Authentic and new: from here on the peer changes (P12).
  peer->latest_timestamp_received = initiation->timestamp;
  peer->last_initiation_consumed = now.boot;
  peer->endpoint.store_if_different(from);
  peer->rx_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
  peer->activity.on_received(now.boot);
  tell(*peer, DeviceEvent::kInitiationReceived);

  std::optional<Response> response =
      respond(std::move(*initiation), peer->preshared_key, fresh_index(), rng_);
  if (!response) return shared_.drops.add(DropReason::kHandshakeForged);
  if (ephemeral_observer_) ephemeral_observer_(*peer, response->ephemeral);
  // A session that is confirmed, but not promoted yet, must not make room for the new one.
  confirm_next(*peer, now);
  begin_session(*peer, std::move(response->keys), now.boot);
  peer->last_handshake_sent = now.boot;
  auto reply = std::bit_cast<Bytes<sizeof(ResponseMessage)>>(response->message);
  send_handshake_message(*peer, reply, now);
  queue_.update(*peer);
}

void Device::handle_response(ByteSpan bytes, const Endpoint& from, Instant now) {
  const auto message = load<ResponseMessage>(bytes);
  if (!admit(bytes, from, SessionIndex{message.sender}, now)) return;

  const auto waiting = awaiting_response_.find(SessionIndex{message.receiver});
  if (waiting == awaiting_response_.end()) {
    return shared_.drops.add(DropReason::kResponseUnsolicited);
  }
  Peer& peer = *waiting->second;
  std::optional<TransportKeys> keys =
      finish(*peer.sent_initiation, *identity_, peer.preshared_key, message);
  if (!keys) return shared_.drops.add(DropReason::kResponseForged);

  peer.endpoint.store_if_different(from);
  peer.rx_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
  peer.activity.on_received(now.boot);
  tell(peer, DeviceEvent::kResponseReceived);
  drop_sent_initiation(peer);
  begin_session(peer, std::move(*keys), now.boot);
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
  if (!up_ || !identity_ || !peer.endpoint.load().is_set() || !ensure_static_static(peer)) {
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
  } else {
    send_initiation(peer, now);
  }
  queue_.update(peer);
}

void Device::send_initiation(Peer& peer, Instant now) {
  drop_sent_initiation(peer);
  const Tai64n stamp = later_than(peer.latest_timestamp_sent, tai64n_from(now.wall));
  std::optional<Initiation> initiation =
      initiate(*identity_, peer.public_key, *peer.static_static, fresh_index(), stamp, rng_);
  if (!initiation) return;
  if (ephemeral_observer_) ephemeral_observer_(peer, initiation->state.ephemeral);
  peer.latest_timestamp_sent = stamp;
  peer.last_handshake_sent = now.boot;
  awaiting_response_.emplace(initiation->state.local_index, &peer);
  peer.sent_initiation = std::move(initiation->state);
  peer.timers.arm(Timer::kRetransmitHandshake, now.boot + kRekeyTimeout + jitter());
  tell(peer, DeviceEvent::kInitiationSent);
  auto message = std::bit_cast<Bytes<sizeof(InitiationMessage)>>(initiation->message);
  send_handshake_message(peer, message, now);
}

void Device::send_handshake_message(Peer& peer, MutByteSpan message, Instant now) {
  peer.macs.stamp(message, now.boot);
  peer.activity.on_sent(now.boot);
  if (send_to(peer, message, kHandshakeTos) == 0) {
    peer.tx_bytes.fetch_add(message.size(), std::memory_order_relaxed);
  }
  arm_persistent_keepalive(peer, now.boot);
}

bool Device::ensure_static_static(Peer& peer) {
  if (!peer.static_static && !peer.unusable) {
    peer.static_static = identity_->agree_with(peer.public_key);
    peer.unusable = !peer.static_static;
  }
  return !peer.unusable;
}

void Device::drop_sent_initiation(Peer& peer) {
  if (!peer.sent_initiation) return;
  awaiting_response_.erase(peer.sent_initiation->local_index);
  peer.sent_initiation.reset();
}

SessionIndex Device::fresh_index() {
  while (true) {
    const SessionIndex index{rng_.u32()};
    if (!shared_.sessions.contains(index) && !awaiting_response_.contains(index)) return index;
  }
}

void Device::begin_session(Peer& peer, TransportKeys keys, TimePoint now) {
  auto session = std::make_unique<Session>(peer, std::move(keys), now);
  Session& added = *session;
  // The index is fresh (P13), so that it cannot be taken.
  static_cast<void>(shared_.sessions.insert(added.keys().local_index, &added));
  Keypairs::Dropped dropped = peer.keypairs.add(std::move(session));
  publish_sending(peer, peer.keypairs.current());
  retire(std::move(dropped));
  arm_zero_keys(peer, now);
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
  drop_sent_initiation(peer);  // the other side's handshake came first
  Keypairs::Dropped dropped = peer.keypairs.promote_next();
  publish_sending(peer, next);
  retire(std::move(dropped));
  complete_handshake(peer, now);
  send_staged(peer, now);
  queue_.update(peer);
}

}  // namespace wring
