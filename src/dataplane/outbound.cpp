#include "dataplane/outbound.h"

#include <cstring>

#include "dataplane/data_message.h"
#include "dataplane/ecn.h"
#include "dataplane/ip_packet.h"
#include "dataplane/peer.h"

namespace wring {
namespace {

constexpr std::size_t kArenaSize = kMaxBatch * (kMaxPacket + kPacketTailRoom + kDataOverhead);
constexpr unsigned kRepliesPerSecond = 100;

}  // namespace

Outbound::Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine)
    : shared_(shared),
      engine_(std::move(engine)),
      arena_(std::make_unique_for_overwrite<std::uint8_t[]>(kArenaSize)) {
  routed_.reserve(kMaxBatch);
  endpoints_.reserve(kMaxBatch);  // never more: the pointers into it stay good
  endpoint_sessions_.reserve(kMaxBatch);
  jobs_.reserve(kMaxBatch);
  datagrams_.reserve(kMaxBatch);
  replies_.reserve(kMaxReplies);
}

Outbound::Batch Outbound::process(std::span<const TunPacket> packets, TimePoint now) {
  forget_failed_sources();
  routed_.clear();
  endpoints_.clear();
  endpoint_sessions_.clear();
  jobs_.clear();
  datagrams_.clear();
  replies_.clear();
  arena_used_ = 0;
  wake_control_ = false;

  for (const TunPacket& packet : packets)
    route(packet, now);
  const std::span<const Routed> routed(routed_);
  for (std::size_t first = 0; first < routed.size();) {
    std::size_t last = first + 1;
    while (last < routed.size() && routed[last].peer == routed[first].peer)
      ++last;
    process_run(routed.subspan(first, last - first), now);
    first = last;
  }
  engine_->seal(jobs_);
  return {datagrams_, replies_, wake_control_};
}

void Outbound::forget_failed_sources() {
  for (const std::ptrdiff_t failed : failed_) {
    const auto position = static_cast<std::size_t>(failed);
    const Session* session = shared_.sessions.find(endpoint_sessions_[position]);
    if (session == nullptr) continue;
    Endpoint endpoint = session->peer().endpoint.load();
    if (!(endpoint == endpoints_[position])) continue;
    endpoint.clear_source();
    session->peer().endpoint.store(endpoint);
  }
  failed_.clear();
}

void Outbound::route(const TunPacket& packet, TimePoint now) {
  const auto inner = inspect(packet.bytes);
  if (!inner) return shared_.drops.add(DropReason::kMalformedOutgoing);
  Peer* peer = shared_.allowed_ips.lookup(inner->destination);
  if (peer == nullptr) return reject(packet.bytes, DropReason::kNoPeer, now);
  routed_.push_back({peer, packet.bytes, inner->ecn});
}

void Outbound::process_run(std::span<const Routed> run, TimePoint now) {
  Peer& peer = *run.front().peer;
  const Endpoint endpoint = peer.endpoint.load();
  if (!endpoint.is_set()) {
    for (const Routed& routed : run)
      reject(routed.packet, DropReason::kNoEndpoint, now);
    return;
  }
  // Acquire: the keys were written before the session was published. What is staged goes first, so
  // that a flow keeps its order.
  Session* session = peer.sending.load(std::memory_order_acquire);
  Session* next = peer.sending_once_confirmed.load(std::memory_order_acquire);
  if (next != nullptr && next->is_confirmed()) session = next;
  if (session == nullptr || !session->can_send(now) || !peer.staged.empty()) return stage(run, now);

  std::uint64_t counter = 0;
  const std::size_t granted = session->reserve_counters(run.size(), counter);
  const std::size_t mtu = shared_.mtu.load(std::memory_order_relaxed);
  endpoints_.push_back(endpoint);
  endpoint_sessions_.push_back(session->keys().local_index);
  const std::size_t before = arena_used_;
  for (const Routed& routed : run.first(granted)) {
    add_datagram(*session, counter++, routed, endpoints_.back(), mtu);
  }
  if (granted > 0) {
    peer.tx_bytes.fetch_add(arena_used_ - before, std::memory_order_relaxed);
    peer.activity.on_sent(now);
    if (peer.activity.on_data_sent(now)) point_at(peer, kWatchUnanswered);
  }
  if (granted < run.size()) return stage(run.subspan(granted), now);
  if (session->wants_rekey_on_send(now) && !peer.wants_handshake.load(std::memory_order_relaxed) &&
      !peer.wants_handshake.exchange(true, std::memory_order_acq_rel)) {
    point_at(peer, kNeedsHandshake);
  }
}

void Outbound::add_datagram(const Session& session, std::uint64_t counter, const Routed& routed,
                            const Endpoint& to, std::size_t mtu) {
  const std::size_t size = routed.packet.size();
  const std::size_t padded = padded_size(size, mtu);
  std::memset(routed.packet.data() + size, 0, padded - size);
  const MutByteSpan out(arena_.get() + arena_used_, padded + kDataOverhead);
  jobs_.push_back(begin_data_message(session, counter, {routed.packet.data(), padded}, out));
  datagrams_.push_back({out, &to, ecn_encapsulate(routed.ecn)});
  arena_used_ += out.size();
}

void Outbound::stage(std::span<const Routed> run, TimePoint now) {
  Peer& peer = *run.front().peer;
  for (const Routed& routed : run) {
    shared_.drops.add(DropReason::kStagedOverflow, peer.staged.push(routed.packet));
  }
  // After the push: if there is a key, the control thread may have sent what was staged just before
  // and is told to send what it missed. Else one packet asks for all.
  const bool asked_before = peer.wants_handshake.exchange(true, std::memory_order_acq_rel);
  const Session* session = peer.sending.load(std::memory_order_acquire);
  if (!asked_before || (session != nullptr && session->can_send(now))) {
    point_at(peer, kNeedsHandshake);
  }
}

void Outbound::reject(ByteSpan packet, DropReason reason, TimePoint now) {
  shared_.drops.add(reason);
  if (now - reply_window_start_ >= std::chrono::seconds(1)) {
    reply_window_start_ = now;
    replies_in_window_ = 0;
  }
  if (replies_.size() == kMaxReplies || replies_in_window_ == kRepliesPerSecond) return;
  auto& storage = reply_storage_[replies_.size()];
  const std::size_t size = make_unreachable(packet, storage);
  if (size == 0) return;
  ++replies_in_window_;
  replies_.push_back(ByteSpan(storage).first(size));
}

void Outbound::point_at(Peer& peer, std::uint32_t why) {
  wake_control_ |= shared_.attention.push(peer, why);
}

}  // namespace wring
