// Where the segments of a packet lie, and what has to be saved before they are made.
#include "ip/segmentation.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "ip/ip_header.h"
#include "ip/packets.h"
#include "ip/padding.h"
#include "ip/transport_header.h"
#include "ip/transport_view.h"

namespace wring {
namespace {

using Refused = tl::unexpected<DropReason>;

constexpr std::size_t kMaxPadding = kPaddingMultiple - 1;
static_assert(kMaxPadding <= kPacketTailRoom);

// The kernel leaves this to hardware. The field holds a part of the sum, and counts as data.
bool complete_checksum(const VnetHeader& header, MutByteSpan packet) {
  const std::size_t field = std::size_t{header.csum_start} + header.csum_offset;
  if (field + sizeof(std::uint16_t) > packet.size()) return false;
  const std::uint16_t checksum = internet_checksum(packet.subspan(header.csum_start));
  // 0 would mean "none" in UDP; the kernel sends the other zero whatever the protocol.
  store(packet, Be<std::uint16_t>(checksum == 0 ? 0xffff : checksum), field);
  return true;
}

// True if the packet is of the kind that the header says. The kernel checks the same before it
// splits.
bool is_of_kind(const VnetHeader& header, const TransportView& view) {
  const unsigned type = header.gso_type & ~unsigned{kVnetGsoEcn};
  const bool right_type = view.is_tcp()
                              ? type == (view.version == 4 ? kVnetGsoTcpV4 : kVnetGsoTcpV6)
                              : header.gso_type == kVnetGsoUdpL4;
  if (!right_type || header.gso_size == 0) return false;
  if ((header.flags & kVnetNeedsCsum) == 0) return true;
  const std::size_t field =
      view.is_tcp() ? offsetof(TcpHeader, checksum) : offsetof(UdpHeader, checksum);
  return header.csum_start == view.transport && header.csum_offset == field;
}

MutByteSpan pad(std::uint8_t* at, std::size_t size, std::size_t padded) {
  std::memset(at + size, 0, padded - size);
  return {at, padded};
}

}  // namespace

tl::expected<SegmentedPacket, DropReason> SegmentedPacket::parse(const VnetHeader& header,
                                                                 MutByteSpan packet, IpView ip) {
  if (header.gso_type == kVnetGsoNone) {
    if ((header.flags & kVnetNeedsCsum) != 0 && !complete_checksum(header, packet)) {
      return Refused(DropReason::kMalformedOutgoing);
    }
    return SegmentedPacket(packet);
  }
  const auto view = view_transport(packet, ip);
  if (!view || !is_of_kind(header, *view)) return Refused(DropReason::kMalformedOutgoing);
  if (view->payload > kMaxSegmentHeaders) return Refused(DropReason::kOversized);
  const SegmentedPacket split(packet.first(view->total), *view, header.gso_size);
  if (split.count_ > kMaxSegments) return Refused(DropReason::kOversized);
  return split;
}

SegmentedPacket::SegmentedPacket(MutByteSpan packet)
    : packet_(packet), last_size_(static_cast<std::uint32_t>(packet.size())) {}

SegmentedPacket::SegmentedPacket(MutByteSpan packet, const TransportView& view,
                                 std::uint32_t gso_size)
    : packet_(packet),
      transport_sum_(pseudo_header_sum(packet, view)),
      header_size_(view.payload),
      transport_(view.transport),
      gso_size_(gso_size),
      kind_(view.is_tcp() ? Kind::kTcp : Kind::kUdp),
      is_v4_(view.version == 4),
      in_place_(view.payload + kMaxPadding <= gso_size) {
  const std::uint32_t payload = view.total - view.payload;
  if (payload > gso_size) count_ = (payload + gso_size - 1) / gso_size;
  last_size_ = header_size_ + payload - (count_ - 1) * gso_size;

  // The sums of all fields that the segments have in common.
  if (is_v4_) {
    const auto ip = load<Ipv4Header>(packet);
    id_ = ip.id;
    ip_sum_.add(packet.first(transport_));
    ip_sum_.remove(ip.total_length);
    ip_sum_.remove(ip.id);
    ip_sum_.remove(ip.checksum);
  }
  transport_sum_.add(packet.subspan(transport_, header_size_ - transport_));
  if (kind_ == Kind::kTcp) {
    const auto tcp = load<TcpHeader>(packet, transport_);
    sequence_ = tcp.sequence;
    offset_and_flags_ = tcp.offset_and_flags;
    transport_sum_.remove(static_cast<std::uint16_t>(sequence_ >> 16));
    transport_sum_.remove(static_cast<std::uint16_t>(sequence_));
    transport_sum_.remove(offset_and_flags_);
    transport_sum_.remove(tcp.checksum);
  } else {
    const auto udp = load<UdpHeader>(packet, transport_);
    transport_sum_.remove(udp.length);
    transport_sum_.remove(udp.checksum);
  }
}

void SegmentedPacket::prepare(SegmentPhase phase, std::size_t mtu, SegmentArena& arena,
                              std::vector<MutByteSpan>& out) {
  const std::size_t first = phase == SegmentPhase::kEven ? 0 : 1;
  if (first >= count_) return;
  if (kind_ == Kind::kWhole) {
    out.push_back(pad(packet_.data(), last_size_, padded_size(last_size_, mtu)));
    return;
  }
  if (!in_place_ && count_ > 1) return copy_out(first, mtu, arena, out);

  const std::size_t padding = padded_size(size(0), mtu) - size(0);
  if (phase == SegmentPhase::kEven) {
    save(padding, arena);
  } else {
    restore(padding);
  }
  for (std::size_t i = first; i < count_; i += 2) {
    std::uint8_t* const at = packet_.data() + i * gso_size_;
    write_headers(i, at);
    out.push_back(pad(at, size(i), padded_size(size(i), mtu)));
  }
}

void SegmentedPacket::copy(std::size_t i, MutByteSpan out) const {
  assert(out.size() == size(i));
  if (kind_ == Kind::kWhole) {
    std::copy(packet_.begin(), packet_.end(), out.begin());
    return;
  }
  const MutByteSpan data = payload(i);
  std::copy(data.begin(), data.end(), out.begin() + header_size_);
  write_headers(i, out.data());
}

// For segments that are shorter than the bytes that would be written over them.
void SegmentedPacket::copy_out(std::size_t first, std::size_t mtu, SegmentArena& arena,
                               std::vector<MutByteSpan>& out) const {
  for (std::size_t i = first; i < count_; i += 2) {
    const std::size_t padded = padded_size(size(i), mtu);
    const MutByteSpan segment = arena.allocate(padded);
    copy(i, segment.first(size(i)));
    out.push_back(pad(segment.data(), size(i), padded));
  }
}

// kEven writes over the head of every odd payload, and over the tail if another segment follows.
void SegmentedPacket::save(std::size_t padding, SegmentArena& arena) {
  if (count_ == 1) return;
  const std::size_t each = padding + header_size_;
  std::uint8_t* to = arena.allocate(count_ / 2 * each).data();
  saved_ = to;
  for (std::size_t i = 1; i < count_; i += 2, to += each) {
    const std::uint8_t* const begin = payload(i).data();
    std::memcpy(to, begin, padding);
    if (i + 1 < count_) std::memcpy(to + padding, begin + gso_size_ - header_size_, header_size_);
  }
}

void SegmentedPacket::restore(std::size_t padding) {
  const std::uint8_t* from = saved_;
  for (std::size_t i = 1; i < count_; i += 2, from += padding + header_size_) {
    std::uint8_t* const begin = payload(i).data();
    std::memcpy(begin, from, padding);
    if (i + 1 < count_) {
      std::memcpy(begin + gso_size_ - header_size_, from + padding, header_size_);
    }
  }
}

MutByteSpan SegmentedPacket::payload(std::size_t i) const {
  return packet_.subspan(header_size_ + i * gso_size_, size(i) - header_size_);
}

}  // namespace wring
