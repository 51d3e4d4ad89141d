// What the control thread seals and sends itself: keepalives and staged packets.
//
// A send that fails because of its source address is tried once more without it (P29).
#include <algorithm>
#include <cerrno>

#include "device/device.h"
#include "ip/ecn.h"
#include "ip/ip_packet.h"
#include "peer/data_message.h"
#include "peer/nested_message.h"
#include "peer/send_errors.h"

namespace wring {

void Device::send_staged(DevicePeer& peer, Instant now) {
  if (!up_ || peer.staged.empty()) return;
  Session* const session = peer.session_to_send_on(now.boot);
  if (session == nullptr) return want_handshake(peer, now, Retry::kNo);
  if (!peer.endpoint.load().is_set()) return;
  static_cast<void>(flush_staged(peer, *session, now));
  if (session->wants_rekey_on_send(now.boot)) want_handshake(peer, now, Retry::kNo);
}

std::size_t Device::flush_staged(DevicePeer& peer, Session& session, Instant now) {
  // Before they leave: a worker may hear the answer before this thread runs again, and the answer
  // is what ends the wait.
  if (peer.activity.on_data_sent(now.boot)) {
    arm_from(peer, Timer::kNewHandshake, peer.activity.watch_awaiting_reply(),
             kNewHandshakeTime + jitter());
  }
  return peer.staged.flush([&](ByteSpan packet) { send_sealed(peer, session, packet, now.boot); });
}

void Device::send_keepalive(DevicePeer& peer, Instant now) {
  if (!up_) return;
  Session* const session = peer.session_to_send_on(now.boot);
  if (session == nullptr) return want_handshake(peer, now, Retry::kNo);
  if (!peer.staged.empty() && !peer.endpoint.load().is_set()) return;
  // A worker that stages for another peer may take the last packet away just now (StagedMemory).
  if (peer.staged.empty() || flush_staged(peer, *session, now) == 0) {
    send_sealed(peer, *session, {}, now.boot);
    tell(peer, DeviceEvent::kKeepaliveSent);
  }
  if (session->wants_rekey_on_send(now.boot)) want_handshake(peer, now, Retry::kNo);
}

void Device::send_sealed(DevicePeer& peer, Session& session, ByteSpan packet, TimePoint now) {
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

int Device::send_to(DevicePeer& peer, OutgoingDatagram datagram) {
  const Endpoint endpoint = peer.endpoint.load();
  if (!endpoint.is_set()) {
    shared_.drops.add(DropReason::kNoEndpoint);
    return EDESTADDRREQ;
  }
  datagram.to = &endpoint;
  int error = sender_.send(datagram);
  if (blames_source(error, endpoint)) {
    // The address we were reached on may have gone: the routing table chooses another (P29).
    // Where nothing leaves without it either, it stays, so that the peer is told of the next way.
    Endpoint without = endpoint;
    without.clear_source();
    datagram.to = &without;
    error = sender_.send(datagram);
    if (error == 0) peer.forget_source_of(endpoint);
  }
  if (error != 0) shared_.drops.add(DropReason::kSendError);
  return error;
}

}  // namespace wring
