// The way of a handshake message up to the job that computes it, and of a finished job back.
//
// A message is first checked without Curve25519: mac1, and under load mac2 and the rate limiter
// (P31, P32). Then a job goes to the executor with copies of all it needs. When it comes back, all
// its assumptions are checked again, because keys, peers and sessions may have changed meanwhile.
// device_initiator.cpp and device_responder.cpp have the two sides.
#include <array>

#include "device/device.h"

namespace wring {

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
    ++counts_.cookies_sent;
    refuse(DropReason::kCookieRequired, now.boot);
    return false;
  }
  if (!rate_limiter_.allow(remote_address(from), now.boot)) {
    refuse(DropReason::kRateLimited, now.boot);
    return false;
  }
  return true;
}

void Device::refuse(DropReason why, TimePoint now) {
  shared_.drops.add(why);
  load_.note_refused(now);
}

void Device::handle_cookie_reply(ByteSpan bytes, Instant now) {
  const auto message = load<CookieReplyMessage>(bytes);
  const SessionIndex receiver{message.receiver};
  DevicePeer* peer = nullptr;
  if (const auto waiting = awaiting_response_.find(receiver); waiting != awaiting_response_.end()) {
    peer = waiting->second;
  } else if (const Session* session = shared_.sessions.find(receiver)) {
    peer = &of(session->peer());  // it answers a response of ours
  }
  if (peer == nullptr || !peer->macs.consume_reply(message, now.boot)) {
    return shared_.drops.add(DropReason::kCookieUnsolicited);
  }
  ++counts_.cookies_received;
}

void Device::submit(HandshakeJob job, Instant now) {
  auto owned = std::make_unique<HandshakeJob>(std::move(job));
  slots_.take(*owned);
  if (executor_ != nullptr) return executor_->submit(std::move(owned));
  run(std::array{owned.get()}, rng_);
  complete(std::move(owned), now);
}

void Device::complete(std::unique_ptr<HandshakeJob> job, Instant now) {
  slots_.give_back(*job);
  take_back(*job, now);
  begin_waiting(now);
}

void Device::take_back(HandshakeJob& job, Instant now) {
  if (!up_) return shared_.drops.add(DropReason::kInterfaceDown);
  // It was made with a key that is no longer ours.
  if (job.identity != identity_) return shared_.drops.add(DropReason::kMac1Invalid);
  std::visit([&](auto& work) { complete(work, job.from, now); }, job.work);
}

bool Device::keep_static_static(DevicePeer& peer, StaticStatic& secret) {
  peer.unusable = !secret;
  if (!peer.static_static) peer.static_static = std::move(secret);
  return !peer.unusable;
}

StaticStatic Device::static_static_of(const DevicePeer& peer) {
  if (!peer.static_static) return std::nullopt;
  return peer.static_static->clone();
}

void Device::send_handshake_message(DevicePeer& peer, MutByteSpan message, Instant now) {
  peer.macs.stamp(message, now.boot);
  peer.activity.on_sent(now.boot);
  if (send_to(peer, {.payload = message, .tos = kHandshakeTos}) == 0) {
    peer.tx_bytes.fetch_add(message.size(), std::memory_order_relaxed);
  }
  arm_persistent_keepalive(peer, now.boot);
}

}  // namespace wring
