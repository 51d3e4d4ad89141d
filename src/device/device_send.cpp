// What the control thread seals and sends itself: keepalives and staged packets.
//
// It also publishes which session the workers may send on, and retires sessions that left their
// slots. A send that fails because of its source address is tried once more without it (P29).
#include <algorithm>
#include <cerrno>

#include "device/data_message.h"
#include "device/device.h"
#include "device/nested_message.h"
#include "device/send_errors.h"
#include "ip/ecn.h"
#include "ip/ip_packet.h"

namespace wring {

void Device::publish_sending(Peer& peer, Session* session) {
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
    shared_.sessions.remove(session->keys().local_index);
    shared_.reclaimer.retire(std::move(session));
  }
}

void Device::clear_keys(Peer& peer) {
  drop_sent_initiation(peer);
  Keypairs::Dropped dropped = peer.keypairs.clear();
  publish_sending(peer, nullptr);
  retire(std::move(dropped));
}

void Device::send_staged(Peer& peer, Instant now) {
  if (!up_ || peer.staged.empty()) return;
  Session* session = peer.sending.load(std::memory_order_relaxed);
  if (session == nullptr || !session->can_send(now.boot))
    return want_handshake(peer, now, Retry::kNo);
  if (!peer.endpoint.load().is_set()) return;

  // Before they leave: a worker may hear the answer before this thread runs again, and the answer
  // is what ends the wait.
  if (peer.activity.on_data_sent(now.boot)) {
    arm_from(peer, Timer::kNewHandshake, peer.activity.watch_unanswered(),
             kNewHandshakeTime + jitter());
  }
  peer.staged.flush([&](ByteSpan packet) { send_sealed(peer, *session, packet, now.boot); });
  if (session->wants_rekey_on_send(now.boot)) want_handshake(peer, now, Retry::kNo);
  queue_.update(peer);
}

void Device::send_keepalive(Peer& peer, Instant now) {
  if (!up_) return;
  Session* session = peer.sending.load(std::memory_order_relaxed);
  if (session == nullptr || !session->can_send(now.boot)) {
    return want_handshake(peer, now, Retry::kNo);
  }
  if (peer.staged.empty()) {
    send_sealed(peer, *session, {}, now.boot);
    tell(peer, DeviceEvent::kKeepaliveSent);
    if (session->wants_rekey_on_send(now.boot)) want_handshake(peer, now, Retry::kNo);
  } else {
    send_staged(peer, now);
  }
}

void Device::send_sealed(Peer& peer, Session& session, ByteSpan packet, TimePoint now) {
  std::uint64_t counter = 0;
  if (session.reserve_counters(1, counter) == 0) {
    return shared_.drops.add(DropReason::kCounterExhausted);
  }
  const std::size_t padded =
      padded_size(packet.size(), shared_.mtu.load(std::memory_order_relaxed));
  seal_buffer_.assign(padded + kDataOverhead, 0);
  const MutByteSpan plaintext = MutByteSpan(seal_buffer_).subspan(kDataHeaderSize, padded);
  std::copy(packet.begin(), packet.end(), plaintext.begin());
  const SealJob job = begin_data_message(session, counter, plaintext, seal_buffer_);
  seal({&job, 1});
  OutgoingDatagram datagram{.payload = seal_buffer_};
  if (const auto inner = inspect(packet)) {
    datagram.tos = ecn_encapsulate(inner->ecn);
    if (nested_message_at(packet, *inner) != 0) {
      datagram.hop_limit = static_cast<std::uint8_t>(outer_hop_limit(packet));
    }
  }
  peer.activity.on_sent(now);
  if (send_to(peer, datagram) == 0) {
    peer.tx_bytes.fetch_add(seal_buffer_.size(), std::memory_order_relaxed);
  }
}

int Device::send_to(Peer& peer, OutgoingDatagram datagram) {
  Endpoint endpoint = peer.endpoint.load();
  if (!endpoint.is_set()) {
    shared_.drops.add(DropReason::kNoEndpoint);
    return EDESTADDRREQ;
  }
  datagram.to = &endpoint;
  int error = sender_.send(datagram);
  if (is_source_error(error) && endpoint.pins_source()) {
    // The address we were reached on may have gone: the routing table chooses another (P29).
    peer.forget_source_of(endpoint);
    endpoint.clear_source();
    error = sender_.send(datagram);
  }
  if (error != 0) shared_.drops.add(DropReason::kSendError);
  return error;
}

}  // namespace wring
