// The way of a batch of datagrams to the TUN.
#include "dataplane/inbound.h"

#include <algorithm>

#include "ip/ecn.h"
#include "ip/ip_packet.h"
#include "peer/peer.h"

namespace wring {

Inbound::Inbound(SharedState& shared, HandshakeQueue& handshakes,
                 std::unique_ptr<AeadEngine> engine)
    : shared_(shared), handshakes_(handshakes), engine_(std::move(engine)) {
  candidates_.reserve(kMaxBatch);
  jobs_.reserve(kMaxBatch);
  packets_.reserve(kMaxBatch);
}

Inbound::Batch Inbound::process(std::span<const ReceivedDatagram> datagrams, TimePoint now) {
  candidates_.clear();
  jobs_.clear();
  packets_.clear();
  wake_control_ = false;

  const std::uint32_t tun = shared_.tun_ifindex.load(std::memory_order_relaxed);
  for (const ReceivedDatagram& datagram : datagrams) {
    const bool from_inside = datagram.from.source_ifindex == tun && tun != 0;
    MutByteSpan rest = datagram.payload;
    const std::size_t each = size_of_each(datagram);
    do {
      const std::size_t size = std::min(each, rest.size());
      sort(datagram, rest.first(size), from_inside, now);
      rest = rest.subspan(size);
    } while (!rest.empty());
  }
  engine_->open(jobs_);
  for (std::size_t first = 0; first < candidates_.size();) {
    std::size_t last = first + 1;
    while (last < candidates_.size() && candidates_[last].session == candidates_[first].session) {
      ++last;
    }
    process_run(first, last, now);
    first = last;
  }
  return {packets_, wake_control_};
}

void Inbound::sort(const ReceivedDatagram& datagram, MutByteSpan payload, bool from_inside,
                   TimePoint now) {
  const std::optional<MessageType> type = classify(payload);
  if (!type) return shared_.drops.add(DropReason::kMalformedDatagram);
  if (*type != MessageType::kData) return queue_handshake(*type, datagram.from, payload);

  const auto header = load<DataHeader>(payload);
  Session* session = shared_.sessions.find(SessionIndex{header.receiver});
  if (session == nullptr) return shared_.drops.add(DropReason::kUnknownIndex);
  if (from_inside && shared_.comes_from_inside(datagram.from, session->peer())) {
    return shared_.drops.add(DropReason::kFromInside);
  }
  if (!session->can_receive(now)) return shared_.drops.add(DropReason::kSessionExpired);
  if (header.counter >= kRejectAfterMessages) {
    return shared_.drops.add(DropReason::kCounterExhausted);
  }
  candidates_.push_back({session, &datagram, header.counter});
  jobs_.push_back({&session->keys().receive, header.counter, payload.subspan(kDataHeaderSize)});
}

void Inbound::queue_handshake(MessageType type, const Endpoint& from, ByteSpan payload) {
  HandshakeDatagram message;
  message.from = from;
  message.size = static_cast<std::uint16_t>(payload.size());
  std::copy(payload.begin(), payload.end(), message.bytes.begin());
  // A full queue drops, because handshakes must never hold up data (P34).
  if (!handshakes_.try_push(message)) return shared_.drops.add(DropReason::kHandshakeQueueFull);
  if (type != MessageType::kInitiation || !handshakes_.is_polled()) wake_control_ = true;
}

void Inbound::process_run(std::size_t first, std::size_t last, TimePoint now) {
  Session& session = *candidates_[first].session;
  Peer& peer = session.peer();
  {
    const MutexLock lock(session.window_mutex());
    for (std::size_t i = first; i < last; ++i) {
      Candidate& candidate = candidates_[i];
      candidate.fresh = jobs_[i].authentic && session.window().accept(candidate.counter);
    }
  }
  const ReceivedDatagram* latest = nullptr;
  std::uint64_t bytes = 0;
  bool data = false;
  for (std::size_t i = first; i < last; ++i) {
    if (!candidates_[i].fresh) {
      shared_.drops.add(jobs_[i].authentic ? DropReason::kReplayed : DropReason::kForgedData);
      continue;
    }
    latest = candidates_[i].datagram;
    bytes += kDataHeaderSize + jobs_[i].sealed.size();
    const MutByteSpan plaintext = jobs_[i].sealed.first(jobs_[i].sealed.size() - kAuthTagSize);
    if (plaintext.empty()) continue;  // a keepalive
    data = true;
    deliver(session, plaintext, latest->tos);
  }
  if (latest == nullptr) return;

  // The endpoint follows the latest authentic message (P28).
  AttentionReasons why;
  const Peer::Heard heard = peer.hear_from(latest->from);
  if (heard.elsewhere && !peer.wants_source_check.exchange(true, std::memory_order_acq_rel)) {
    why |= Attention::kHeardElsewhere;
  }
  if (heard.moved) why |= Attention::kMoved;
  peer.rx_bytes.fetch_add(bytes, std::memory_order_relaxed);
  peer.activity.on_received(now);
  if (session.confirm(now)) why |= Attention::kConfirmed;
  if (data && peer.activity.on_data_received(now)) why |= Attention::kWatchOwingReply;
  if (session.wants_rekey_on_receive(now) && session.ask_last_minute_key()) {
    why |= Attention::kNeedsLastMinuteKey;
  }
  if (!why.empty()) wake_control_ |= shared_.attention.push(peer, why);
}

void Inbound::deliver(const Session& session, MutByteSpan plaintext, std::uint8_t outer_tos) {
  const auto inner = inspect(plaintext);
  if (!inner) return shared_.drops.add(inner.error());
  const MutByteSpan packet = plaintext.first(inner->total_length);  // trims the padding (P21)
  if (!ecn_decapsulate(packet, *inner, outer_tos)) {
    return shared_.drops.add(DropReason::kEcnCeOverNotEct);
  }
  if (shared_.allowed_ips.lookup_source(packet, *inner) != &session.peer()) {
    return shared_.drops.add(DropReason::kNotAllowedSource);
  }
  packets_.push_back({packet, *inner});
}

}  // namespace wring
