#include "dataplane/outbound.h"

#include <algorithm>

#include "device/data_message.h"
#include "device/nested_message.h"
#include "device/peer.h"
#include "ip/ecn.h"
#include "ip/ip_packet.h"

namespace wring {
namespace {

constexpr unsigned kRepliesPerSecond = 100;
// The kernel's UDP_MAX_SEGMENTS, and what a datagram over IPv4 may hold.
constexpr std::size_t kMaxJoined = 64;
constexpr std::size_t kMaxJoinedBytes = 65507;
constexpr unsigned kEcnBits = 2;
static_assert(kUsualHopLimit << kEcnBits <= 256, "the hop limit lies above the ECN bits");

}  // namespace

Outbound::Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine, bool join)
    : shared_(shared), engine_(std::move(engine)), join_(join) {
  routed_.reserve(kMaxBatch);
  endpoints_.reserve(kMaxBatch);  // never more: the pointers into it stay good
  endpoint_sessions_.reserve(kMaxBatch);
  replies_.reserve(kMaxReplies);
}

Outbound::Batch Outbound::process(std::span<const TunPacket> packets, TimePoint now) {
  remember_outcome();
  routed_.clear();
  endpoints_.clear();
  endpoint_sessions_.clear();
  planned_.clear();
  datagrams_.clear();
  replies_.clear();
  copies_.clear();
  sealed_.clear();
  any_nested_ = false;
  loop_.reset();
  wake_control_ = false;
  // Once: it may change under us, and what is planned has the size of what is sealed.
  mtu_ = shared_.mtu.load(std::memory_order_relaxed);

  for (const TunPacket& packet : packets)
    route(packet, now);
  const std::span<Routed> routed(routed_);
  for (std::size_t first = 0; first < routed.size();) {
    std::size_t last = first + 1;
    while (last < routed.size() && routed[last].peer == routed[first].peer)
      ++last;
    process_run(routed.subspan(first, last - first), now);
    first = last;
  }
  seal_phase(SegmentPhase::kEven);
  seal_phase(SegmentPhase::kOdd);
  join_datagrams();
  return {datagrams_, replies_, wake_control_, loop_ ? &*loop_ : nullptr};
}

// What the pump has told of the latest batch, and that all else has left.
void Outbound::remember_outcome() {
  for (const FailedSend& failed : failed_) {
    if (trial_ && trial_->position == failed.position) trial_.reset();
    Peer* peer = peer_sent_to(failed.position);
    if (peer == nullptr) continue;
    if (failed.failure == Failure::kSource) peer->forget_source_of(endpoints_[failed.position]);
    if (failed.failure == Failure::kJoining) peer->joined_sizes.on_refused(failed.size);
  }
  failed_.clear();
  if (!trial_) return;
  if (Peer* peer = peer_sent_to(trial_->position)) peer->joined_sizes.on_taken(trial_->size);
  trial_.reset();
}

// Null if it was removed meanwhile.
Peer* Outbound::peer_sent_to(std::size_t position) const {
  const Session* session = shared_.sessions.find(endpoint_sessions_[position]);
  return session == nullptr ? nullptr : &session->peer();
}

void Outbound::route(const TunPacket& packet, TimePoint now) {
  auto split = SegmentedPacket::parse(packet.header, packet.bytes);
  if (!split) return shared_.drops.add(split.error());
  const auto inner = inspect(split->packet());
  if (!inner) return shared_.drops.add(DropReason::kMalformedOutgoing);
  const std::size_t nested_udp = nested_message_at(split->packet());
  any_nested_ |= nested_udp != 0;
  Peer* peer = shared_.allowed_ips.lookup(inner->destination);
  if (peer == nullptr) return reject(packet.bytes, DropReason::kNoPeer, now);
  routed_.push_back({peer, *split, inner->ecn, static_cast<std::uint16_t>(nested_udp)});
}

void Outbound::process_run(std::span<Routed> run, TimePoint now) {
  Peer& peer = *run.front().peer;
  const Endpoint endpoint = peer.endpoint.load();
  if (!endpoint.is_set()) {
    for (const Routed& routed : run)
      reject(routed.packet.packet(), DropReason::kNoEndpoint, now);
    return;
  }
  if (any_nested_) {
    run = drop_loops(run, endpoint);
    if (run.empty()) return;
  }
  // Acquire: the keys were written before the session was published. What is staged goes first, so
  // that a flow keeps its order.
  Session* session = peer.sending.load(std::memory_order_acquire);
  Session* next = peer.sending_once_confirmed.load(std::memory_order_acquire);
  if (next != nullptr && next->is_confirmed()) session = next;
  if (session == nullptr || !session->can_send(now) || !peer.staged.empty()) return stage(run, now);

  UplinkShares& uplink = uplinks_[endpoint.is_v4() ? 0 : 1];
  if (uplink.is_busy()) {
    run = admitted(run, uplink);
    if (run.empty()) return;
  }
  std::size_t wanted = 0;
  for (const Routed& routed : run)
    wanted += routed.packet.count();
  std::uint64_t counter = 0;
  // Fewer only at the end of the session, 2^64 messages on: the next one takes the packets then.
  if (session->reserve_counters(wanted, counter) < wanted) return stage(run, now);

  endpoints_.push_back(endpoint);
  endpoint_sessions_.push_back(session->keys().local_index);
  const JoinLimits limits{
      .proven = peer.joined_sizes.proven.load(std::memory_order_relaxed),
      .refused = join_ ? peer.joined_sizes.refused.load(std::memory_order_relaxed) : 0};
  const std::size_t before = planned_.size();
  for (Routed& routed : run)
    plan(routed, *session, counter, limits);
  std::size_t bytes = 0;
  for (std::size_t i = before; i < planned_.size(); ++i)
    bytes += planned_[i].bytes.size();
  uplink.on_sent(bytes, planned_.size() - before);
  peer.tx_bytes.fetch_add(bytes, std::memory_order_relaxed);
  peer.activity.on_sent(now);
  if (peer.activity.on_data_sent(now)) point_at(peer, kWatchUnanswered);
  if (session->wants_rekey_on_send(now) && !peer.wants_handshake.load(std::memory_order_relaxed) &&
      !peer.wants_handshake.exchange(true, std::memory_order_acq_rel)) {
    point_at(peer, kNeedsHandshake);
  }
}

std::span<Outbound::Routed> Outbound::drop_loops(std::span<Routed> run, const Endpoint& endpoint) {
  const Peer& peer = *run.front().peer;
  // Acquire: as in process_run().
  const OwnMessages own{endpoint, shared_.listen_port.load(std::memory_order_relaxed),
                        peer.sending.load(std::memory_order_acquire),
                        peer.sending_once_confirmed.load(std::memory_order_acquire)};
  const auto loops = [&](Routed& routed) {
    if (routed.nested_udp == 0) return false;
    const ByteSpan packet = routed.packet.packet();
    const unsigned hop_limit = outer_hop_limit(packet);
    const bool is_own = is_own_message(packet, routed.nested_udp, own);
    if (!is_own && hop_limit != 0) {
      routed.hop_limit = static_cast<std::uint8_t>(hop_limit % kUsualHopLimit);
      return false;
    }
    shared_.drops.add(DropReason::kRoutingLoop, routed.packet.count());
    if (!loop_) loop_ = Loop{peer.public_key, endpoint, is_own};
    return true;
  };
  const auto kept = std::remove_if(run.begin(), run.end(), loops);
  return {run.begin(), kept};
}

std::span<Outbound::Routed> Outbound::admitted(std::span<Routed> run, UplinkShares& uplink) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    const SegmentedPacket& packet = run[i].packet;
    const std::size_t count = packet.count();
    std::size_t bytes = 0;
    for (std::size_t segment = 0; segment < count; ++segment)
      bytes += packet.size(segment) + kDataOverhead;
    if (uplink.admit(run[i].peer->serial, bytes, count)) continue;
    std::size_t dropped = 0;
    for (const Routed& routed : run.subspan(i))
      dropped += routed.packet.count();
    shared_.drops.add(DropReason::kUplinkFull, dropped);
    return run.first(i);
  }
  return run;
}

void Outbound::plan(Routed& routed, const Session& session, std::uint64_t& counter,
                    JoinLimits limits) {
  routed.session = &session;
  routed.first_datagram = planned_.size();
  const auto destination = static_cast<std::uint32_t>(endpoints_.size() - 1);
  const auto marks =
      static_cast<std::uint8_t>(ecn_encapsulate(routed.ecn) | routed.hop_limit << kEcnBits);
  for (std::size_t i = 0; i < routed.packet.count(); ++i) {
    const std::size_t size = padded_size(routed.packet.size(i), mtu_) + kDataOverhead;
    const Joining joining = size <= limits.proven   ? Joining::kYes
                            : size < limits.refused ? Joining::kUntried
                                                    : Joining::kNo;
    planned_.push_back({sealed_.allocate(size), counter++, destination, marks, joining});
  }
}

void Outbound::seal_phase(SegmentPhase phase) {
  const std::size_t offset = phase == SegmentPhase::kEven ? 0 : 1;
  jobs_.clear();
  for (Routed& routed : routed_) {
    if (routed.session == nullptr || routed.packet.count() <= offset) continue;
    segments_.clear();
    routed.packet.prepare(phase, mtu_, copies_, segments_);
    std::size_t datagram = routed.first_datagram + offset;
    for (const MutByteSpan segment : segments_) {
      const Planned& planned = planned_[datagram];
      jobs_.push_back(begin_data_message(*routed.session, planned.counter, segment, planned.bytes));
      datagram += 2;
    }
  }
  engine_->seal(jobs_);
}

// What leaves, `first` at its head.
inline OutgoingDatagram Outbound::datagram(const Planned& first, ByteSpan payload,
                                           std::uint16_t segment_size) const {
  return {payload, &endpoints_[first.destination],
          static_cast<std::uint8_t>(first.marks & kEcnMask), segment_size,
          static_cast<std::uint8_t>(first.marks >> kEcnBits)};
}

// Whether `next` may leave in one send with what ends in `previous`, as far as these tell.
inline bool Outbound::may_follow(const Planned& previous, const Planned& next) {
  return next.destination == previous.destination && next.marks == previous.marks &&
         next.bytes.size() <= previous.bytes.size() &&
         previous.bytes.data() + previous.bytes.size() == next.bytes.data();
}

void Outbound::join_datagrams() {
  const Planned* previous = nullptr;  // in the datagram at the back, if it may grow
  std::size_t count = 0;              // of what is in there
  for (const Planned& planned : planned_) {
    if (previous != nullptr && may_follow(*previous, planned) && count < kMaxJoined) {
      OutgoingDatagram& last = datagrams_.back();
      const std::size_t size = previous->bytes.size();
      const std::size_t bytes = last.payload.size() + planned.bytes.size();
      if (bytes <= kMaxJoinedBytes) {
        last.payload = {last.payload.data(), bytes};
        last.segment_size = static_cast<std::uint16_t>(size);
        ++count;
        previous = planned.bytes.size() < size ? nullptr : &planned;  // a shorter one ends it
        continue;
      }
    }
    datagrams_.push_back(datagram(planned, planned.bytes, 0));
    previous = planned.joining == Joining::kYes ? &planned : nullptr;
    count = 1;
  }
  if (join_) try_to_join();
}

// Joins the last datagrams if their size has not been tried. Only the last ones: what the kernel
// refuses is sent again one by one, after all the others, and none of its flow may overtake it.
void Outbound::try_to_join() {
  if (planned_.size() < 2) return;
  std::size_t begin = planned_.size() - 1;
  ByteSpan joined = planned_[begin].bytes;
  std::size_t count = 1;
  for (; begin > 0 && count < kMaxJoined; --begin, ++count) {
    const Planned& previous = planned_[begin - 1];
    const std::size_t size = previous.bytes.size();
    if (previous.joining != Joining::kUntried || !may_follow(previous, planned_[begin])) break;
    if (count > 1 && size != planned_[begin].bytes.size()) break;
    if (joined.size() + size > kMaxJoinedBytes) break;
    joined = {previous.bytes.data(), size + joined.size()};
  }
  if (count == 1) return;
  const Planned& first = planned_[begin];
  trial_ = {first.destination, static_cast<std::uint32_t>(first.bytes.size())};
  // Untried ones stand alone up to here.
  datagrams_.resize(datagrams_.size() - (count - 1));
  datagrams_.back() = datagram(first, joined, static_cast<std::uint16_t>(trial_->size));
}

void Outbound::stage(std::span<const Routed> run, TimePoint now) {
  Peer& peer = *run.front().peer;
  for (const Routed& routed : run) {
    for (std::size_t i = 0; i < routed.packet.count(); ++i) {
      staging_.resize(routed.packet.size(i));
      routed.packet.copy(i, staging_);
      shared_.drops.add(DropReason::kStagedOverflow, peer.staged.push(staging_));
    }
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
