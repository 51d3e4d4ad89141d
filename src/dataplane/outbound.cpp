// The way of a batch of packets to the socket.
//
// route() finds the peer of each packet. process_run() then handles the packets to one peer that
// follow each other: it takes counters from the peer's session, plans a datagram for each segment
// and tells the peer's timers. seal_phase() seals the planned datagrams of the whole batch, in two
// phases, because the segments of a packet overlap (ip/segmentation.h). At the end DatagramJoiner
// decides which datagrams leave in one send.
//
// Packets without a session wait in the peer's staged queue. Packets without a peer or endpoint are
// answered with an ICMP error. Failures of a send come back through source_failed(),
// joining_failed() and send_failed().
#include "dataplane/outbound.h"

#include <algorithm>
#include <utility>

#include "ip/ecn.h"
#include "ip/ip_packet.h"
#include "peer/data_message.h"
#include "peer/nested_message.h"
#include "peer/peer.h"

namespace wring {
namespace {

static_assert(kUsualHopLimit << kEcnBits <= 256, "the hop limit lies above the ECN bits");

}  // namespace

Outbound::Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine, bool join)
    : shared_(shared), engine_(std::move(engine)), joiner_(join) {
  routed_.reserve(kMaxBatch);
  endpoints_.reserve(kMaxBatch);  // never more, so pointers into it stay valid
  sent_.reserve(kMaxBatch);
}

Outbound::Batch Outbound::process(std::span<const TunPacket> packets, TimePoint now) {
  remember_trial();
  routed_.clear();
  endpoints_.clear();
  sent_.clear();
  planned_.clear();
  unreachable_.clear();
  copies_.clear();
  sealed_.clear();
  any_nested_ = false;
  loop_.reset();
  now_ = now;
  // Read once, because it may change meanwhile, and the planned sizes must be those that are
  // sealed.
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
  return {joiner_.join(planned_, endpoints_), unreachable_.replies(),
          std::exchange(wake_control_, false), loop_ ? &*loop_ : nullptr};
}

Peer* Outbound::peer_sent_to(std::size_t position) const {
  const Session* session = shared_.sessions.find(sent_[position].session);
  return session == nullptr ? nullptr : &session->peer();
}

void Outbound::remember_trial() {
  const auto trial = joiner_.take_successful_trial();
  if (!trial) return;
  if (Peer* peer = peer_sent_to(trial->destination)) peer->joined_sizes.on_taken(trial->size);
}

void Outbound::source_failed(const Endpoint& endpoint) {
  joiner_.on_failed_send(position(endpoint));
  if (Peer* peer = peer_sent_to(position(endpoint))) peer->forget_source_of(endpoint);
}

void Outbound::source_was_right(const Endpoint& endpoint) {
  if (Peer* peer = peer_sent_to(position(endpoint))) peer->put_source_back(endpoint);
}

void Outbound::joining_failed(const Endpoint& endpoint, std::uint32_t size) {
  joiner_.on_failed_send(position(endpoint));
  if (Peer* peer = peer_sent_to(position(endpoint))) peer->joined_sizes.on_refused(size);
}

void Outbound::send_failed(const Endpoint& endpoint, std::size_t datagrams, std::size_t bytes) {
  joiner_.on_failed_send(position(endpoint));
  Peer* const peer = peer_sent_to(position(endpoint));
  if (peer == nullptr) return;
  peer->tx_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  SentRun& run = sent_[position(endpoint)];
  run.failed += datagrams;
  if (run.failed < run.datagrams) return;
  if (peer->activity.take_back_sent(now_, run.before)) {
    point_at(*peer, Attention::kWatchOwingReply);
  }
}

void Outbound::route(const TunPacket& packet, TimePoint now) {
  const auto inner = inspect(packet.bytes);
  if (!inner) return shared_.drops.add(DropReason::kMalformedOutgoing);
  const auto split = SegmentedPacket::parse(packet.header, packet.bytes, *inner);
  if (!split) return shared_.drops.add(split.error());
  const std::size_t nested_udp = nested_message_at(packet.bytes, *inner);
  if (nested_udp != 0) any_nested_ = true;
  Peer* peer = shared_.allowed_ips.lookup_destination(packet.bytes, *inner);
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
  // Staged packets go first, to keep the order of each flow.
  Session* const session = peer.session_to_send_on(now);
  if (session == nullptr) return stage(run, now);
  if (!peer.staged.empty() && stage_behind_others(run, now)) return;

  UplinkShares& uplink = uplinks_[endpoint.is_v4() ? 0 : 1];
  if (uplink.is_busy()) {
    run = admitted(run, uplink);
    if (run.empty()) return;
  }
  std::size_t wanted = 0;
  for (const Routed& routed : run)
    wanted += routed.packet.count();
  std::uint64_t counter = 0;
  // Fewer only at the end of the session, after 2^64 messages. Then the next session takes the
  // packets.
  if (session->reserve_counters(wanted, counter) < wanted) return stage(run, now);

  endpoints_.push_back(endpoint);
  const DatagramJoiner::Limits limits = joiner_.limits(peer);
  const std::size_t before = planned_.size();
  for (Routed& routed : run)
    plan(routed, *session, counter, limits);
  std::size_t bytes = 0;
  for (std::size_t i = before; i < planned_.size(); ++i)
    bytes += planned_[i].bytes.size();
  uplink.on_sent(bytes, planned_.size() - before);
  peer.tx_bytes.fetch_add(bytes, std::memory_order_relaxed);
  sent_.push_back(
      {session->keys().local_index, planned_.size() - before, 0, peer.activity.on_sent(now)});
  if (peer.activity.on_data_sent(now)) point_at(peer, Attention::kWatchAwaitingReply);
  if (session->wants_rekey_on_send(now) && !peer.wants_handshake.load(std::memory_order_relaxed) &&
      !peer.wants_handshake.exchange(true, std::memory_order_acq_rel)) {
    point_at(peer, Attention::kNeedsHandshake);
  }
}

std::span<Outbound::Routed> Outbound::drop_loops(std::span<Routed> run, const Endpoint& endpoint) {
  const Peer& peer = *run.front().peer;
  // Acquire, and in this order: as in Peer::session_to_send_on().
  const Session* const next = peer.sending_once_confirmed.load(std::memory_order_acquire);
  const OwnMessages own{endpoint, shared_.listen_port.load(std::memory_order_relaxed),
                        peer.sending.load(std::memory_order_acquire), next};
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
                    DatagramJoiner::Limits limits) {
  routed.session = &session;
  routed.first_datagram = planned_.size();
  const auto destination = static_cast<std::uint32_t>(endpoints_.size() - 1);
  const auto marks =
      static_cast<std::uint8_t>(ecn_encapsulate(routed.ecn) | routed.hop_limit << kEcnBits);
  for (std::size_t i = 0; i < routed.packet.count(); ++i) {
    const std::size_t size = padded_size(routed.packet.size(i), mtu_) + kDataOverhead;
    planned_.push_back({sealed_.allocate(size), counter++, destination, marks, limits.of(size)});
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
      const PlannedDatagram& planned = planned_[datagram];
      jobs_.push_back(begin_data_message(*routed.session, planned.counter, segment, planned.bytes));
      datagram += 2;
    }
  }
  if (!jobs_.empty()) engine_->seal(jobs_);  // no odd ones, where packets are not split
}

void Outbound::stage(std::span<const Routed> run, TimePoint now) {
  {
    StagedPackets::Appender appender(run.front().peer->staged);
    append(run, appender);
  }
  ask_for_flush(*run.front().peer, now);
}

bool Outbound::stage_behind_others(std::span<const Routed> run, TimePoint now) {
  {
    // Waits only for the end of a flush (StagedPackets::flush()).
    StagedPackets::Appender appender(run.front().peer->staged);
    if (appender.is_empty()) return false;
    append(run, appender);
  }
  ask_for_flush(*run.front().peer, now);
  return true;
}

void Outbound::append(std::span<const Routed> run, StagedPackets::Appender& appender) {
  for (const Routed& routed : run) {
    for (std::size_t i = 0; i < routed.packet.count(); ++i) {
      staging_.resize(routed.packet.size(i));
      routed.packet.copy(i, staging_);
      const StagedPackets::Dropped dropped = appender.push(staging_);
      shared_.drops.add(DropReason::kStagedOverflow, dropped.overflow);
      shared_.drops.add(DropReason::kStagedNoRoom, dropped.no_room);
    }
  }
}

void Outbound::ask_for_flush(Peer& peer, TimePoint now) {
  // After the push: if there is a key, the control thread may have flushed just before and has to
  // flush again. Without a key, one packet asks for all.
  const bool asked_before = peer.wants_handshake.exchange(true, std::memory_order_acq_rel);
  if (!asked_before || peer.session_to_send_on(now) != nullptr) {
    point_at(peer, Attention::kNeedsHandshake);
  }
}

void Outbound::reject(ByteSpan packet, DropReason reason, TimePoint now) {
  shared_.drops.add(reason);
  unreachable_.answer(packet, now);
}

void Outbound::point_at(Peer& peer, AttentionReasons why) {
  wake_control_ |= shared_.attention.push(peer, why);
}

}  // namespace wring
