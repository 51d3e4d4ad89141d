// Inner IP packets as the tests need them.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "ip/checksum.h"
#include "ip/ip_address.h"
#include "ip/ip_header.h"
#include "ip/ip_packet.h"

namespace wring {

using Packet = std::vector<std::uint8_t>;

struct PacketSpec {
  std::string_view source;
  std::string_view destination;
  std::uint8_t protocol = 17;
  std::uint8_t tos = 0;
  Packet payload = Packet(8, 0x5a);
};

// A packet of the version of its addresses, without options or extension headers, valid checksum
// included.
inline Packet make_packet(const PacketSpec& spec) {
  const IpAddress source = IpAddress::parse(spec.source).value();
  const IpAddress destination = IpAddress::parse(spec.destination).value();
  Packet packet(source.is_v4() ? 20 : 40);
  if (source.is_v4()) {
    Ipv4Header header{};
    header.version_and_length = 0x45;
    header.tos = spec.tos;
    header.total_length = static_cast<std::uint16_t>(20 + spec.payload.size());
    header.ttl = 64;
    header.protocol = spec.protocol;
    std::copy_n(source.bytes.begin(), 4, header.source.begin());
    std::copy_n(destination.bytes.begin(), 4, header.destination.begin());
    header.checksum = internet_checksum(as_bytes(header));
    store(MutByteSpan(packet), header);
  } else {
    Ipv6Header header{};
    header.version_class_flow = 6U << 28 | std::uint32_t{spec.tos} << 20 | 0xabcde;
    header.payload_length = static_cast<std::uint16_t>(spec.payload.size());
    header.next_header = spec.protocol;
    header.hop_limit = 64;
    header.source = source.bytes;
    header.destination = destination.bytes;
    store(MutByteSpan(packet), header);
  }
  packet.insert(packet.end(), spec.payload.begin(), spec.payload.end());
  return packet;
}

// The addresses of a packet that has passed inspect().
inline IpAddress source_of(ByteSpan packet) {
  return ip_version(packet) == 4 ? IpAddress::v4(load<Ipv4Header>(packet).source)
                                 : IpAddress::v6(load<Ipv6Header>(packet).source);
}
inline IpAddress destination_of(ByteSpan packet) {
  return ip_version(packet) == 4 ? IpAddress::v4(load<Ipv4Header>(packet).destination)
                                 : IpAddress::v6(load<Ipv6Header>(packet).destination);
}

// As Inbound hands them out. Each packet is valid, and of the length that its header gives.
inline std::vector<InnerPacket> inner_packets(std::vector<Packet>& packets) {
  std::vector<InnerPacket> inner;
  for (Packet& packet : packets)
    inner.push_back({packet, inspect(packet).value()});
  return inner;
}

}  // namespace wring
