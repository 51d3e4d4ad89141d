// Compares headers, and writes those of joined packets.
#include "stack/output_batch.h"

#include <netinet/in.h>

#include <algorithm>
#include <optional>

#include "ip/checksum.h"
#include "ip/ip_header.h"
#include "ip/transport_header.h"

namespace wring::stack {
namespace {

constexpr std::size_t kSequenceAt = offsetof(TcpHeader, sequence);
constexpr std::size_t kAckAt = offsetof(TcpHeader, acknowledgement);
constexpr std::size_t kFlagsAt = offsetof(TcpHeader, offset_and_flags);
constexpr std::size_t kChecksumAt = offsetof(TcpHeader, checksum);

std::uint16_t flags_of(const TcpHeader& header) {
  return header.offset_and_flags & 0xfffU;
}

// Where the addresses are.
std::size_t addresses_at(ByteSpan packet) {
  return ip_version(packet) == 4 ? offsetof(Ipv4Header, source) : offsetof(Ipv6Header, source);
}

// Where TCP's header begins; 0: it is not TCP, or not in this piece as a whole.
std::size_t tcp_at(ByteSpan head) {
  std::size_t at = 0;
  if (ip_version(head) == 4 && head.size() >= sizeof(Ipv4Header)) {
    const auto ip = load<Ipv4Header>(head);
    const bool whole = (ip.flags_and_offset & 0x3fffU) == 0;  // neither offset nor more fragments
    if (whole && ip.protocol == IPPROTO_TCP && ip.version_and_length == 0x45) at = sizeof ip;
  } else if (ip_version(head) == 6 && head.size() >= sizeof(Ipv6Header)) {
    if (load<Ipv6Header>(head).next_header == IPPROTO_TCP) at = sizeof(Ipv6Header);
  }
  return head.size() >= at + sizeof(TcpHeader) ? at : 0;
}

std::size_t total_of(std::span<const iovec> parts) {
  std::size_t total = 0;
  for (const iovec& part : parts)
    total += part.iov_len;
  return total;
}

ByteSpan bytes_of(const iovec& part) {
  return {static_cast<const std::uint8_t*>(part.iov_base), part.iov_len};
}

}  // namespace

// A packet that may be one of several.
struct OutputBatch::Segment {
  ByteSpan head;
  std::size_t transport;
  std::size_t payload;
  TcpHeader tcp;

  static std::optional<Segment> of(std::span<const iovec> packet, std::size_t total) {
    Segment made{bytes_of(packet[0]), 0, 0, {}};
    made.transport = tcp_at(made.head);
    if (made.transport == 0) return std::nullopt;
    made.tcp = load<TcpHeader>(made.head, made.transport);
    const std::size_t words = made.tcp.offset_and_flags >> 12U;
    const std::size_t headers = made.transport + 4 * words;
    if (headers > made.head.size() || headers > kMaxHead) return std::nullopt;
    made.head = made.head.first(headers);
    made.payload = total - headers;
    return made;
  }
  [[nodiscard]] bool may_join() const {
    return payload != 0 && (flags_of(tcp) & ~unsigned{kTcpPsh}) == kTcpAck;
  }
};

bool OutputBatch::add(std::span<const iovec> packet) {
  const std::size_t total = total_of(packet);
  if (packet.empty() || packet.size() > kMaxParts || total > kMaxSize) return false;
  const auto segment = Segment::of(packet, total);
  if (segment && join(*segment, packet)) return true;
  if (count_ != first_) (*packets_)[count_ - 1].open = false;
  begin(packet, total);
  Packet& made = (*packets_)[count_ - 1];
  if (!segment) return made.part_count > 1;
  made.transport = segment->transport;
  if (made.part_count == 1 || !segment->may_join()) return made.part_count > 1;
  made.segment = segment->payload;
  made.next = segment->tcp.sequence + static_cast<std::uint32_t>(segment->payload);
  made.open = (flags_of(segment->tcp) & kTcpPsh) == 0;
  return true;
}

// The packet's head is the segment's headers, or all of a small packet.
void OutputBatch::begin(std::span<const iovec> packet, std::size_t total) {
  Packet& made = (*packets_)[count_++];
  made.transport = made.segment = 0;
  made.open = false;
  made.first_part = parts_.size();
  made.part_count = 0;
  parts_.push_back({});  // the head, once it is finished
  if (total <= kMaxHead) {
    std::size_t at = 0;
    for (const iovec& part : packet) {
      std::ranges::copy(bytes_of(part), made.head.begin() + sizeof(VnetHeader) + at);
      at += part.iov_len;
    }
    made.head_size = total;
    made.payload = 0;
    made.part_count = 1;
    return;
  }
  const auto segment = Segment::of(packet, total);
  made.head_size =
      segment ? segment->head.size() : std::min<std::size_t>(packet[0].iov_len, kMaxHead);
  std::ranges::copy(bytes_of(packet[0]).first(made.head_size),
                    made.head.begin() + sizeof(VnetHeader));
  made.payload = total - made.head_size;
  made.part_count = 1;
  append(made, packet, made.head_size);
}

void OutputBatch::append(Packet& packet, std::span<const iovec> parts, std::size_t skip) {
  for (const iovec& part : parts) {
    const ByteSpan rest = bytes_of(part).subspan(std::min(skip, part.iov_len));
    skip -= std::min(skip, part.iov_len);
    if (rest.empty()) continue;
    parts_.push_back({const_cast<std::uint8_t*>(rest.data()), rest.size()});
    ++packet.part_count;
  }
}

bool OutputBatch::join(const Segment& segment, std::span<const iovec> packet) {
  if (count_ == first_) return false;
  Packet& last = (*packets_)[count_ - 1];
  if (!last.open || !segment.may_join() || segment.head.size() != last.head_size ||
      segment.transport != last.transport || segment.tcp.sequence != last.next ||
      segment.payload > last.segment || last.part_count + packet.size() > kMaxPacketParts ||
      last.head_size + last.payload + segment.payload > kMaxSize) {
    return false;
  }
  const ByteSpan before = last.bytes();
  const auto same = [&](std::size_t from, std::size_t to) {
    return std::ranges::equal(before.subspan(from, to - from),
                              segment.head.subspan(from, to - from));
  };
  const std::size_t tcp = segment.transport;
  // Addresses and ports, acknowledgement, and all from the window on but the checksum.
  if (before[0] != segment.head[0] || before[1] != segment.head[1] ||
      !same(addresses_at(before), tcp + kSequenceAt) || !same(tcp + kAckAt, tcp + kFlagsAt) ||
      !same(tcp + kFlagsAt + 2, tcp + kChecksumAt) ||
      !same(tcp + kChecksumAt + 2, segment.head.size())) {
    return false;
  }
  append(last, packet, segment.head.size());
  last.payload += segment.payload;
  last.next += static_cast<std::uint32_t>(segment.payload);
  const bool pushes = (flags_of(segment.tcp) & kTcpPsh) != 0;
  last.open = segment.payload == last.segment && !pushes;
  if (pushes) last.bytes()[tcp + kFlagsAt + 1] |= static_cast<std::uint8_t>(kTcpPsh);
  return true;
}

// Lengths, the sum of IPv4's header, and that of TCP's pseudo-header.
void OutputBatch::finish(Packet& packet) {
  VnetHeader vnet;
  const MutByteSpan head = packet.bytes();
  const std::size_t total = packet.head_size + packet.payload;
  if (packet.transport != 0) {
    const std::size_t length = total - packet.transport;
    InternetChecksum sum;
    sum.add(head.subspan(addresses_at(head), packet.transport - addresses_at(head)));
    sum.add(IPPROTO_TCP);
    sum.add(static_cast<std::uint16_t>(length));
    store(head, Be<std::uint16_t>(sum.partial()), packet.transport + kChecksumAt);
    vnet.flags = kVnetNeedsCsum;
    vnet.csum_start = static_cast<std::uint16_t>(packet.transport);
    vnet.csum_offset = kChecksumAt;
    vnet.hdr_len = static_cast<std::uint16_t>(packet.head_size);
  }
  if (packet.segment != 0 && packet.payload > packet.segment) {
    const bool four = ip_version(head) == 4;
    vnet.gso_type = four ? kVnetGsoTcpV4 : kVnetGsoTcpV6;
    vnet.gso_size = static_cast<std::uint16_t>(packet.segment);
    if (four) {
      auto ip = load<Ipv4Header>(head);
      ip.total_length = static_cast<std::uint16_t>(total);
      ip.checksum = 0;
      ip.checksum = internet_checksum(as_bytes(ip));
      store(head, ip);
    } else {
      auto ip = load<Ipv6Header>(head);
      ip.payload_length = static_cast<std::uint16_t>(total - sizeof ip);
      store(head, ip);
    }
  }
  store(packet.head, vnet);
}

std::span<const iovec> OutputBatch::packet(std::size_t index) {
  Packet& packet = (*packets_)[index];
  packet.open = false;
  finish(packet);
  parts_[packet.first_part] = {packet.head.data(), sizeof(VnetHeader) + packet.head_size};
  return std::span(parts_).subspan(packet.first_part, packet.part_count);
}

bool OutputBatch::sent(std::size_t index) {
  first_ = index;
  if (first_ != count_) return false;
  first_ = count_ = 0;
  parts_.clear();
  return true;
}

}  // namespace wring::stack
