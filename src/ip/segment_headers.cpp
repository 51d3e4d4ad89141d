// Writes the headers of a segment: those of the whole packet, with the fields that differ.
#include <cstring>

#include "ip/ip_header.h"
#include "ip/segmentation.h"
#include "ip/transport_header.h"

namespace wring {

// `at` has room for the headers; the payload is read where it lies. The packet's own headers serve
// as the template. Every field that differs is rewritten each time, so the template stays usable
// even after segment 0's headers have been written over it.
void SegmentedPacket::write_headers(std::size_t i, std::uint8_t* at) const {
  if (at != packet_.data()) std::memcpy(at, packet_.data(), header_size_);
  const MutByteSpan header(at, header_size_);
  write_ip(i, header);
  InternetChecksum sum = transport_sum_;
  sum.add(static_cast<std::uint16_t>(size(i) - transport_));
  sum.add(payload(i));
  if (kind_ == Kind::kTcp) {
    write_tcp(i, header, sum);
  } else {
    write_udp(i, header, sum);
  }
}

void SegmentedPacket::write_ip(std::size_t i, MutByteSpan header) const {
  const auto total = static_cast<std::uint16_t>(size(i));
  if (!is_v4_) {
    store(header, Be<std::uint16_t>(static_cast<std::uint16_t>(total - sizeof(Ipv6Header))),
          offsetof(Ipv6Header, payload_length));
    return;
  }
  const auto id = static_cast<std::uint16_t>(id_ + i);
  InternetChecksum sum = ip_sum_;
  sum.add(total);
  sum.add(id);
  store(header, Be<std::uint16_t>(total), offsetof(Ipv4Header, total_length));
  store(header, Be<std::uint16_t>(id), offsetof(Ipv4Header, id));
  store(header, Be<std::uint16_t>(sum.value()), offsetof(Ipv4Header, checksum));
}

// CWR answers one congestion mark and belongs to the first segment (RFC 3168 6.1.2). PSH and FIN
// belong to the end of the data. SYN, RST, URG and the others are repeated, as the kernel does.
void SegmentedPacket::write_tcp(std::size_t i, MutByteSpan header, InternetChecksum sum) const {
  const auto sequence = static_cast<std::uint32_t>(sequence_ + i * gso_size_);
  std::uint16_t flags = offset_and_flags_;
  if (i > 0) flags &= static_cast<std::uint16_t>(~kTcpCwr);
  if (i + 1 < count_) flags &= static_cast<std::uint16_t>(~(kTcpPsh | kTcpFin));
  sum.add(static_cast<std::uint16_t>(sequence >> 16));
  sum.add(static_cast<std::uint16_t>(sequence));
  sum.add(flags);
  const MutByteSpan tcp = header.subspan(transport_);
  store(tcp, Be<std::uint32_t>(sequence), offsetof(TcpHeader, sequence));
  store(tcp, Be<std::uint16_t>(flags), offsetof(TcpHeader, offset_and_flags));
  store(tcp, Be<std::uint16_t>(sum.value()), offsetof(TcpHeader, checksum));
}

void SegmentedPacket::write_udp(std::size_t i, MutByteSpan header, InternetChecksum sum) const {
  const auto length = static_cast<std::uint16_t>(size(i) - transport_);
  sum.add(length);  // once more, because it is in the pseudo-header and in the header
  const std::uint16_t checksum = sum.value();
  const MutByteSpan udp = header.subspan(transport_);
  store(udp, Be<std::uint16_t>(length), offsetof(UdpHeader, length));
  // A field of 0 says that there is no checksum (RFC 768).
  store(udp, Be<std::uint16_t>(checksum == 0 ? 0xffff : checksum), offsetof(UdpHeader, checksum));
}

}  // namespace wring
