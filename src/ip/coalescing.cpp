// Groups the packets of a batch by flow, and builds one write for each group.
#include "ip/coalescing.h"

#include "ip/ip_header.h"
#include "ip/packets.h"
#include "ip/transport_header.h"

namespace wring {
namespace {

constexpr std::uint16_t kTcpEndings = kTcpPsh | kTcpFin;
// Segmentation would repeat these flags, and they say nothing about data.
constexpr std::uint16_t kTcpAlone = kTcpSyn | kTcpRst | kTcpUrg;

// A slot by addresses and ports. A sender that makes slots collide on purpose only keeps its own
// packets from being joined.
std::size_t flow_slot(const ViewedPacket& packet) {
  constexpr std::uint64_t kMix = 0x9e3779b97f4a7c15;
  std::uint64_t hash = load<std::uint32_t>(packet.bytes, packet.view.transport);
  if (packet.view.version == 4) {
    hash = hash * kMix ^ load<std::uint64_t>(packet.bytes, offsetof(Ipv4Header, source));
  } else {
    for (std::size_t at = offsetof(Ipv6Header, source); at < sizeof(Ipv6Header); at += 8)
      hash = (hash * kMix) ^ load<std::uint64_t>(packet.bytes, at);
  }
  // The high bits depend on all bits below them.
  hash = (hash ^ hash >> 32) * kMix;
  return hash >> (64 - kFlowSlotBits);
}

}  // namespace

std::span<const TunWrite> Coalescer::coalesce(std::span<const InnerPacket> packets) {
  open_groups_.fill(kNone);
  groups_.clear();
  members_.clear();
  for (const InnerPacket& packet : packets)
    take(packet);
  build_writes();
  return writes_;
}

void Coalescer::take(const InnerPacket& packet) {
  const auto view = view_transport(packet.bytes, packet.ip);
  if (!view) {
    // It may belong to any flow (a fragment, say), so nothing may overtake it.
    if (view.error() == NoTransport::kUnseen) open_groups_.fill(kNone);
    return begin_group({.packet = {.bytes = packet.bytes}});
  }
  const Candidate candidate = examine({packet.bytes, *view});
  std::uint32_t& open = open_groups_[flow_slot(candidate.packet)];
  if (open != kNone && same_flow(groups_[open].first.packet, candidate.packet)) {
    switch (try_join(groups_[open], candidate)) {
      case Join::kJoined:
        return;
      case Join::kJoinedAsLast:
        open = kNone;
        return;
      case Join::kWrongChecksum:
        open = kNone;
        return begin_group(candidate);
      case Join::kUnlike:
        open = kNone;
    }
  }
  if (candidate.may_lead) open = static_cast<std::uint32_t>(groups_.size());
  begin_group(candidate);
}

Coalescer::Candidate Coalescer::examine(const ViewedPacket& packet) const {
  Candidate candidate{.packet = packet};
  if (packet.payload_size() == 0) return candidate;
  if (packet.view.is_tcp()) {
    const auto tcp = load<TcpHeader>(packet.bytes, packet.view.transport);
    const std::uint16_t flags = tcp.offset_and_flags;
    candidate.sequence = tcp.sequence;
    candidate.offset_and_flags = flags;
    candidate.may_follow = tcp_ && (flags & (kTcpAlone | kTcpAck)) == kTcpAck;
    candidate.may_lead = candidate.may_follow && (flags & kTcpEndings) == 0;
  } else {
    const auto udp = load<UdpHeader>(packet.bytes, packet.view.transport);
    candidate.may_follow = udp_ && udp.length == packet.view.total - packet.view.transport;
    candidate.may_lead = candidate.may_follow;
  }
  return candidate;
}

bool Coalescer::fits(const Group& group, const Candidate& next) {
  const Candidate& first = group.first;
  const std::uint32_t size = next.packet.payload_size();
  if (!next.may_follow || size > first.packet.payload_size()) return false;
  if (group.count == kMaxCoalescedPackets || group.total + size > kMaxPacket) return false;
  if (first.packet.view.is_tcp()) {
    if (next.sequence != first.sequence + (group.total - first.packet.view.payload)) return false;
    // CWR stays with the first segment, PSH and FIN go to the last; the rest is repeated.
    const unsigned repeated = first.offset_and_flags & ~unsigned{kTcpCwr};
    if ((next.offset_and_flags & ~unsigned{kTcpEndings}) != repeated) return false;
  }
  return repeats_headers(first.packet, next.packet, group.count);
}

Coalescer::Join Coalescer::try_join(Group& group, const Candidate& next) {
  if (!fits(group, next)) return Join::kUnlike;
  // Only here, because the receiver verifies a packet that stays alone.
  if (!group.verified && !checksums_hold(group.first.packet)) return Join::kUnlike;
  group.verified = true;
  if (!checksums_hold(next.packet)) return Join::kWrongChecksum;

  const auto index = static_cast<std::uint32_t>(members_.size());
  members_.push_back({next.packet.payload(), kNone});
  (group.count == 1 ? group.first_member : members_[group.last_member].next) = index;
  group.last_member = index;
  ++group.count;
  group.total += next.packet.payload_size();
  group.endings = next.offset_and_flags & kTcpEndings;
  const bool last =
      group.endings != 0 || next.packet.payload_size() < group.first.packet.payload_size();
  return last ? Join::kJoinedAsLast : Join::kJoined;
}

void Coalescer::begin_group(const Candidate& first) {
  groups_.push_back({.first = first,
                     .first_member = kNone,
                     .last_member = kNone,
                     .count = 1,
                     .total = static_cast<std::uint32_t>(first.packet.bytes.size()),
                     .endings = 0,
                     .verified = false});
}

void Coalescer::build_writes() {
  writes_.clear();
  parts_.clear();
  headers_.clear();
  // All at once, so that pointers into them stay valid.
  headers_.reserve(groups_.size());
  parts_.reserve(2 * groups_.size() + members_.size());
  for (const Group& group : groups_) {
    const ViewedPacket& first = group.first.packet;
    const std::size_t begin = parts_.size();
    headers_.push_back(
        group.count == 1 ? VnetHeader{}
                         : join_headers(first, {group.total, first.payload_size()}, group.endings));
    parts_.push_back({&headers_.back(), sizeof(VnetHeader)});
    parts_.push_back({first.bytes.data(), first.bytes.size()});
    for (std::uint32_t at = group.first_member; at != kNone; at = members_[at].next)
      parts_.push_back({members_[at].payload.data(), members_[at].payload.size()});
    writes_.push_back({{parts_.data() + begin, parts_.size() - begin}, group.count});
  }
}

}  // namespace wring
