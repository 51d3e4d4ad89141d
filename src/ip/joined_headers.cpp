// Compares the headers of packets, and makes those of a joined one.
#include "ip/joined_headers.h"

#include <cstring>

#include "ip/ip_header.h"
#include "ip/transport_header.h"

namespace wring {
namespace {

constexpr std::uint16_t kIpv4DontFragment = 0x4000;

bool same_bytes(ByteSpan a, ByteSpan b, std::size_t begin, std::size_t end) {
  return std::memcmp(a.data() + begin, b.data() + begin, end - begin) == 0;
}

bool repeats_v4(const ViewedPacket& first, const ViewedPacket& next, std::uint32_t position) {
  const auto a = load<Ipv4Header>(first.bytes);
  const auto b = load<Ipv4Header>(next.bytes);
  if (a.tos != b.tos || a.ttl != b.ttl || a.flags_and_offset != b.flags_and_offset) return false;
  const bool atomic = (a.flags_and_offset & kIpv4DontFragment) != 0;
  if (!atomic && b.id != static_cast<std::uint16_t>(a.id + position)) return false;
  return same_bytes(first.bytes, next.bytes, sizeof(Ipv4Header), first.view.transport);
}

bool repeats_v6(const ViewedPacket& first, const ViewedPacket& next) {
  // Version, class and flow label; then, after the length, next header and hop limit.
  return same_bytes(first.bytes, next.bytes, 0, offsetof(Ipv6Header, payload_length)) &&
         same_bytes(first.bytes, next.bytes, offsetof(Ipv6Header, next_header),
                    offsetof(Ipv6Header, source)) &&
         same_bytes(first.bytes, next.bytes, sizeof(Ipv6Header), first.view.transport);
}

bool repeats_tcp(const ViewedPacket& first, const ViewedPacket& next) {
  const std::size_t at = first.view.transport;
  return same_bytes(first.bytes, next.bytes, at + offsetof(TcpHeader, acknowledgement),
                    at + offsetof(TcpHeader, offset_and_flags)) &&
         same_bytes(first.bytes, next.bytes, at + offsetof(TcpHeader, window),
                    at + offsetof(TcpHeader, checksum)) &&
         same_bytes(first.bytes, next.bytes, at + offsetof(TcpHeader, urgent_pointer),
                    first.view.payload);
}

std::size_t checksum_offset(const TransportView& view) {
  return view.is_tcp() ? offsetof(TcpHeader, checksum) : offsetof(UdpHeader, checksum);
}

InternetChecksum pseudo_sum_with_length(const ViewedPacket& packet, std::uint32_t total) {
  InternetChecksum sum = pseudo_header_sum(packet.bytes, packet.view);
  sum.add(static_cast<std::uint16_t>(total - packet.view.transport));
  return sum;
}

void join_ip(const ViewedPacket& first, std::uint32_t total) {
  if (first.view.version == 6) {
    store(first.bytes, Be<std::uint16_t>(static_cast<std::uint16_t>(total - sizeof(Ipv6Header))),
          offsetof(Ipv6Header, payload_length));
    return;
  }
  const auto header = load<Ipv4Header>(first.bytes);
  const auto total_length = static_cast<std::uint16_t>(total);
  const std::uint16_t checksum =
      updated_checksum(header.checksum, header.total_length, total_length);
  store(first.bytes, Be<std::uint16_t>(total_length), offsetof(Ipv4Header, total_length));
  store(first.bytes, Be<std::uint16_t>(checksum), offsetof(Ipv4Header, checksum));
}

}  // namespace

bool same_flow(const ViewedPacket& a, const ViewedPacket& b) {
  if (a.view.version != b.view.version || a.view.protocol != b.view.protocol) return false;
  const bool same_addresses =
      a.view.version == 4
          ? same_bytes(a.bytes, b.bytes, offsetof(Ipv4Header, source), sizeof(Ipv4Header))
          : same_bytes(a.bytes, b.bytes, offsetof(Ipv6Header, source), sizeof(Ipv6Header));
  return same_addresses && load<std::uint32_t>(a.bytes, a.view.transport) ==
                               load<std::uint32_t>(b.bytes, b.view.transport);
}

bool repeats_headers(const ViewedPacket& first, const ViewedPacket& next, std::uint32_t position) {
  if (first.view.transport != next.view.transport || first.view.payload != next.view.payload) {
    return false;
  }
  const bool ip =
      first.view.version == 4 ? repeats_v4(first, next, position) : repeats_v6(first, next);
  return ip && (!first.view.is_tcp() || repeats_tcp(first, next));
}

bool checksums_hold(const ViewedPacket& packet) {
  const TransportView& view = packet.view;
  if (view.version == 4) {
    if (load<Ipv4Header>(packet.bytes).checksum == 0xffff) return false;
    if (internet_checksum(packet.bytes.first(view.transport)) != 0) return false;
  }
  const std::uint16_t field =
      load<Be<std::uint16_t>>(packet.bytes, view.transport + checksum_offset(view));
  // In UDP 0 says that none was made. In TCP it is how zero is written.
  if (field == (view.is_tcp() ? 0xffff : 0)) return false;
  InternetChecksum sum = pseudo_sum_with_length(packet, view.total);
  sum.add(packet.bytes.subspan(view.transport));
  return sum.value() == 0;
}

VnetHeader join_headers(const ViewedPacket& first, JoinedSize size, std::uint16_t endings) {
  const TransportView& view = first.view;
  VnetHeader vnet;
  join_ip(first, size.total);
  const MutByteSpan transport = first.bytes.subspan(view.transport);
  if (view.is_tcp()) {
    const std::uint16_t flags = load<TcpHeader>(transport).offset_and_flags | endings;
    store(transport, Be<std::uint16_t>(flags), offsetof(TcpHeader, offset_and_flags));
    vnet.gso_type = view.version == 4 ? kVnetGsoTcpV4 : kVnetGsoTcpV6;
    if ((flags & kTcpCwr) != 0) vnet.gso_type |= kVnetGsoEcn;
  } else {
    const auto length = static_cast<std::uint16_t>(size.total - view.transport);
    store(transport, Be<std::uint16_t>(length), offsetof(UdpHeader, length));
    vnet.gso_type = kVnetGsoUdpL4;
  }
  const std::uint16_t partial = pseudo_sum_with_length(first, size.total).partial();
  store(transport, Be<std::uint16_t>(partial), checksum_offset(view));
  vnet.flags = kVnetNeedsCsum;
  vnet.hdr_len = static_cast<std::uint16_t>(view.payload);
  vnet.gso_size = static_cast<std::uint16_t>(size.gso_size);
  vnet.csum_start = static_cast<std::uint16_t>(view.transport);
  vnet.csum_offset = static_cast<std::uint16_t>(checksum_offset(view));
  return vnet;
}

}  // namespace wring
