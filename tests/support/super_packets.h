// Packets as a TUN with offloads hands them over, made at random; and a splitting of them that is
// too plain to be wrong.
#pragma once

#include <netinet/in.h>

#include <algorithm>
#include <random>
#include <vector>

#include "ip/ip_header.h"
#include "ip/transport_header.h"
#include "ip/vnet_header.h"
#include "tests/support/packets.h"

namespace wring {

// A flag that the product passes on without looking at it.
inline constexpr std::uint16_t kTcpEce = 0x040;  // RFC 3168

struct SuperSpec {
  bool v6 = false;
  bool tcp = true;
  Packet ip_options{};  // IPv4, a multiple of 4
  Packet extensions{};  // IPv6; the first is of type `first_extension`
  std::uint8_t first_extension = 0;
  std::size_t final_destination = 0;  // offset of it, where a routing header has segments left
  Packet tcp_options{};               // a multiple of 4
  std::uint16_t flags = kTcpAck;
  bool dont_fragment = true;
  std::uint16_t id = 0x1234;
  std::uint8_t tos = 0;
  std::uint8_t ttl = 64;
  std::uint32_t sequence = 1000;
  std::uint16_t urgent_pointer = 0;
  std::uint16_t port = 40000;  // of the source
  std::size_t gso_size = 1000;
  std::size_t payload = 3500;
};

struct SuperPacket {
  VnetHeader vnet;
  Packet bytes;
  SuperSpec spec;
  std::size_t transport;  // offset
  std::size_t payload;    // offset
};

inline void put16(Packet& packet, std::size_t at, std::size_t value) {
  store(MutByteSpan(packet), Be<std::uint16_t>(static_cast<std::uint16_t>(value)), at);
}
inline std::uint16_t get16(ByteSpan packet, std::size_t at) {
  return load<Be<std::uint16_t>>(packet, at);
}

// RFC 1071 word for word; returns the sum, not its complement.
inline std::uint16_t naive_sum(ByteSpan bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += bytes[i] * 256U + (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<std::uint16_t>(sum);
}

inline std::uint16_t naive_pseudo_sum(const SuperPacket& super, ByteSpan packet) {
  const SuperSpec& spec = super.spec;
  const std::size_t width = spec.v6 ? 16 : 4;
  const std::size_t source = spec.v6 ? 8 : 12;
  const std::size_t destination =
      spec.final_destination != 0 ? spec.final_destination : source + width;
  Packet pseudo(packet.begin() + static_cast<std::ptrdiff_t>(source),
                packet.begin() + static_cast<std::ptrdiff_t>(source + width));
  pseudo.insert(pseudo.end(), packet.begin() + static_cast<std::ptrdiff_t>(destination),
                packet.begin() + static_cast<std::ptrdiff_t>(destination + width));
  pseudo.resize(pseudo.size() + 4);
  put16(pseudo, pseudo.size() - 4, spec.tcp ? 6 : 17);
  put16(pseudo, pseudo.size() - 2, packet.size() - super.transport);
  return naive_sum(pseudo);
}

inline std::size_t checksum_field(const SuperPacket& super) {
  return super.transport + (super.spec.tcp ? 16 : 6);
}

// Lengths and checksums of a packet whose other fields are right.
inline void finish(const SuperPacket& super, Packet& packet) {
  if (super.spec.v6) {
    put16(packet, 4, packet.size() - 40);
  } else {
    put16(packet, 2, packet.size());
    put16(packet, 10, 0);
    const std::size_t size = (packet[0] & 15U) * 4;
    put16(packet, 10, ~std::size_t{naive_sum(ByteSpan(packet).first(size))});
  }
  if (!super.spec.tcp) put16(packet, super.transport + 4, packet.size() - super.transport);
  put16(packet, checksum_field(super), 0);
  const auto sum = static_cast<std::uint16_t>(
      ~naive_sum(ByteSpan(packet).subspan(super.transport), naive_pseudo_sum(super, packet)));
  put16(packet, checksum_field(super), sum == 0 && !super.spec.tcp ? 0xffff : sum);
}

inline SuperPacket make_super(const SuperSpec& spec, std::mt19937& random) {
  SuperPacket super{.vnet = {}, .bytes = {}, .spec = spec, .transport = 0, .payload = 0};
  Packet& bytes = super.bytes;
  if (spec.v6) {
    Ipv6Header ip{};
    ip.version_class_flow = 6U << 28 | std::uint32_t{spec.tos} << 20 | 0xabcde;
    ip.next_header = !spec.extensions.empty() ? spec.first_extension : spec.tcp ? 6 : 17;
    ip.hop_limit = spec.ttl;
    ip.source = IpAddress::parse("fd01::1").value().bytes;
    ip.destination = IpAddress::parse("fd02::2").value().bytes;
    bytes.assign(as_bytes(ip).begin(), as_bytes(ip).end());
    bytes.insert(bytes.end(), spec.extensions.begin(), spec.extensions.end());
  } else {
    Ipv4Header ip{};
    ip.version_and_length = static_cast<std::uint8_t>(0x45 + spec.ip_options.size() / 4);
    ip.tos = spec.tos;
    ip.id = spec.id;
    ip.flags_and_offset = spec.dont_fragment ? 0x4000 : 0;
    ip.ttl = spec.ttl;
    ip.protocol = spec.tcp ? 6 : 17;
    ip.source = {10, 1, 0, 1};
    ip.destination = {10, 2, 0, 2};
    bytes.assign(as_bytes(ip).begin(), as_bytes(ip).end());
    bytes.insert(bytes.end(), spec.ip_options.begin(), spec.ip_options.end());
  }
  super.transport = bytes.size();
  if (spec.tcp) {
    TcpHeader tcp{};
    tcp.source_port = spec.port;
    tcp.destination_port = 5001;
    tcp.sequence = spec.sequence;
    tcp.acknowledgement = 0x01020304;
    tcp.offset_and_flags =
        static_cast<std::uint16_t>((5 + spec.tcp_options.size() / 4) << 12 | spec.flags);
    tcp.window = 512;
    tcp.urgent_pointer = spec.urgent_pointer;
    bytes.insert(bytes.end(), as_bytes(tcp).begin(), as_bytes(tcp).end());
    bytes.insert(bytes.end(), spec.tcp_options.begin(), spec.tcp_options.end());
  } else {
    UdpHeader udp{};
    udp.source_port = spec.port;
    udp.destination_port = 5001;
    bytes.insert(bytes.end(), as_bytes(udp).begin(), as_bytes(udp).end());
  }
  super.payload = bytes.size();
  for (std::size_t i = 0; i < spec.payload; ++i)
    bytes.push_back(static_cast<std::uint8_t>(random()));
  finish(super, bytes);
  put16(bytes, checksum_field(super), naive_pseudo_sum(super, bytes));

  const int v4_type = spec.tcp ? 1 : 5;
  super.vnet.flags = 1;
  super.vnet.gso_type = static_cast<std::uint8_t>(spec.v6 && spec.tcp ? 4 : v4_type);
  if (spec.tcp && (spec.flags & kTcpCwr) != 0) super.vnet.gso_type |= 0x80;
  super.vnet.hdr_len = static_cast<std::uint16_t>(super.payload);
  super.vnet.gso_size = static_cast<std::uint16_t>(spec.gso_size);
  super.vnet.csum_start = static_cast<std::uint16_t>(super.transport);
  super.vnet.csum_offset = spec.tcp ? 16 : 6;
  return super;
}

inline std::vector<Packet> naive_split(const SuperPacket& super) {
  const Packet& whole = super.bytes;
  std::vector<Packet> segments;
  std::size_t at = super.payload;
  do {
    const std::size_t size = std::min(super.spec.gso_size, whole.size() - at);
    const std::size_t number = segments.size();
    const bool last = at + size == whole.size();
    Packet segment(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(super.payload));
    const auto data = whole.begin() + static_cast<std::ptrdiff_t>(at);
    segment.insert(segment.end(), data, data + static_cast<std::ptrdiff_t>(size));
    if (!super.spec.v6) put16(segment, 4, super.spec.id + number);
    if (super.spec.tcp) {
      const auto sequence = static_cast<std::uint32_t>(super.spec.sequence + (at - super.payload));
      store(MutByteSpan(segment), Be<std::uint32_t>(sequence), super.transport + 4);
      std::uint8_t& flags = segment[super.transport + 13];
      if (!last) flags &= 0xff ^ 0x09;       // FIN, PSH
      if (number > 0) flags &= 0xff ^ 0x80;  // CWR
    }
    finish(super, segment);
    segments.push_back(segment);
    at += size;
  } while (at < whole.size());
  return segments;
}

inline std::size_t pick(std::mt19937& random, std::size_t low, std::size_t high) {
  return low + random() % (high - low + 1);
}

inline void add_random_extensions(SuperSpec& spec, std::mt19937& random) {
  constexpr std::uint8_t kHopByHop = 0;
  constexpr std::uint8_t kRouting = 43;
  constexpr std::uint8_t kDestinationOptions = 60;
  const std::uint8_t upper = spec.tcp ? 6 : 17;
  switch (random() % 4) {
    case 0:
      break;
    case 1:  // PadN over the rest
      spec.first_extension = kHopByHop;
      spec.extensions = {upper, 0, 1, 4, 0, 0, 0, 0};
      break;
    case 2:
      spec.first_extension = kHopByHop;
      spec.extensions = {kDestinationOptions,
                         0,
                         1,
                         4,
                         0,
                         0,
                         0,
                         0,
                         upper,
                         1,
                         1,
                         5,
                         0,
                         0,
                         0,
                         0,
                         0,
                         1,
                         5,
                         0,
                         0,
                         0,
                         0,
                         0};
      break;
    case 3: {  // a segment routing header (RFC 8754), one of two segments left
      spec.first_extension = kRouting;
      spec.extensions = {upper, 4, 4, 1, 1, 0, 0, 0};
      for (int i = 0; i < 32; ++i)
        spec.extensions.push_back(static_cast<std::uint8_t>(random()));
      spec.final_destination = 48;
      break;
    }
  }
}

inline SuperSpec random_spec(std::mt19937& random) {
  SuperSpec spec;
  spec.v6 = random() % 2 == 0;
  spec.tcp = random() % 3 != 0;
  if (spec.v6) {
    add_random_extensions(spec, random);
  } else if (random() % 3 == 0) {
    spec.ip_options.assign(4 * pick(random, 1, 10), 1);  // NOP
  }
  if (spec.tcp && random() % 4 != 0) {
    spec.tcp_options = {1, 1, 8, 10};
    for (int i = 0; i < 8; ++i)
      spec.tcp_options.push_back(static_cast<std::uint8_t>(random()));
    if (random() % 4 == 0) spec.tcp_options.resize(40, 1);
  }
  for (const std::uint16_t flag : {kTcpFin, kTcpPsh, kTcpEce, kTcpCwr, kTcpUrg})
    if (random() % 4 == 0) spec.flags |= flag;
  if ((spec.flags & kTcpUrg) != 0) spec.urgent_pointer = static_cast<std::uint16_t>(random());
  spec.dont_fragment = random() % 2 == 0;
  spec.id = static_cast<std::uint16_t>(random());
  spec.tos = static_cast<std::uint8_t>(random());
  spec.sequence = static_cast<std::uint32_t>(random());
  const bool tiny = random() % 8 == 0;
  spec.gso_size = tiny ? pick(random, 1, 100) : pick(random, 100, 9000);
  const std::size_t most = std::min<std::size_t>(65535 - 200, spec.gso_size * 60);
  spec.payload = random() % 4 == 0 ? spec.gso_size * pick(random, 1, most / spec.gso_size)
                                   : pick(random, 1, most);
  return spec;
}

}  // namespace wring
