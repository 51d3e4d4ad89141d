// Which packets are answered with an ICMP error, and the bytes of the answer.
#include "ip/icmp.h"

#include <netinet/in.h>

#include <algorithm>

#include "ip/checksum.h"
#include "ip/ip_header.h"
#include "ip/ip_packet.h"
#include "ip/ipv6_extensions.h"

namespace wring {
namespace {

// RFC 792 and RFC 4443: type, code, checksum and four bytes that are unused here.
struct IcmpHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be<std::uint16_t> checksum;
  Be<std::uint32_t> unused;
};
static_assert(sizeof(IcmpHeader) == 8);

constexpr std::uint8_t kTtl = 64;
constexpr std::size_t kMaxV4Error = 576;
constexpr std::uint8_t kV4DestinationUnreachable = 3;
constexpr std::uint8_t kV4HostUnreachable = 1;
constexpr std::uint8_t kV6DestinationUnreachable = 1;
constexpr std::uint8_t kV6AddressUnreachable = 3;
constexpr std::uint8_t kV6Redirect = 137;
constexpr std::uint8_t kV6FirstInformational = 128;

// Destination unreachable, source quench, redirect, time exceeded, parameter problem.
bool is_v4_error(std::uint8_t type) {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// True if it may be the address of one host, as far as the address alone tells.
bool is_v4_unicast(const Bytes<4>& address) {
  return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

bool may_answer_v4(ByteSpan packet, IpView view) {
  const auto header = load<Ipv4Header>(packet);
  if (!is_v4_unicast(header.source) || header.destination[0] >= 224) return false;
  if ((header.flags_and_offset & kIpv4OffsetMask) != 0) return false;
  if (header.protocol != IPPROTO_ICMP) return true;
  return view.header_length < packet.size() && !is_v4_error(packet[view.header_length]);
}

bool is_later_fragment(const ExtensionHeader& header) {
  return header.type == IPPROTO_FRAGMENT && load<Be<std::uint16_t>>(header.bytes, 2) >> 3 != 0;
}

bool may_answer_v6(ByteSpan packet) {
  const auto header = load<Ipv6Header>(packet);
  const Bytes<16>& source = header.source;
  if (header.destination[0] == 0xff || source[0] == 0xff || source == Bytes<16>{}) return false;
  const auto upper = find_upper_layer_v6(
      packet, [](const ExtensionHeader& each) { return !is_later_fragment(each); });
  if (!upper) return false;
  if (upper->protocol != IPPROTO_ICMPV6) return true;
  if (upper->offset >= packet.size()) return false;
  const std::uint8_t type = packet[upper->offset];
  return type >= kV6FirstInformational && type != kV6Redirect;
}

// Puts the headers and the part of the packet that it quotes one after the other. `sum` holds the
// pseudo-header, where there is one. Returns the size.
template <typename IpHeader>
std::size_t write_error(const IpHeader& ip, IcmpHeader icmp, InternetChecksum sum, ByteSpan quoted,
                        MutByteSpan out) {
  sum.add(as_bytes(icmp));
  sum.add(quoted);
  icmp.checksum = sum.value();
  store(out, ip);
  store(out, icmp, sizeof ip);
  std::copy(quoted.begin(), quoted.end(), out.begin() + sizeof ip + sizeof icmp);
  return sizeof ip + sizeof icmp + quoted.size();
}

std::size_t write_v4(ByteSpan packet, MutByteSpan out) {
  const auto offending = load<Ipv4Header>(packet);
  constexpr std::size_t kHeaders = sizeof(Ipv4Header) + sizeof(IcmpHeader);
  const ByteSpan quoted = packet.first(std::min(packet.size(), kMaxV4Error - kHeaders));

  Ipv4Header ip{};
  ip.version_and_length = 0x45;
  ip.tos = 0xc0;  // RFC 1812 4.3.2.5: internetwork control
  ip.total_length = static_cast<std::uint16_t>(kHeaders + quoted.size());
  ip.ttl = kTtl;
  ip.protocol = IPPROTO_ICMP;
  ip.source = offending.destination;
  ip.destination = offending.source;
  ip.checksum = internet_checksum(as_bytes(ip));

  return write_error(ip, {kV4DestinationUnreachable, kV4HostUnreachable, 0, 0}, {}, quoted, out);
}

std::size_t write_v6(ByteSpan packet, MutByteSpan out) {
  const auto offending = load<Ipv6Header>(packet);
  constexpr std::size_t kHeaders = sizeof(Ipv6Header) + sizeof(IcmpHeader);
  const ByteSpan quoted = packet.first(std::min(packet.size(), kMaxIcmpError - kHeaders));

  Ipv6Header ip{};
  ip.version_class_flow = 6U << 28;
  ip.payload_length = static_cast<std::uint16_t>(sizeof(IcmpHeader) + quoted.size());
  ip.next_header = IPPROTO_ICMPV6;
  ip.hop_limit = kTtl;
  ip.source = offending.destination;
  ip.destination = offending.source;

  InternetChecksum sum;
  // The pseudo-header, RFC 8200 8.1.
  sum.add(ip.source);
  sum.add(ip.destination);
  sum.add(ip.payload_length);
  sum.add(IPPROTO_ICMPV6);
  return write_error(ip, {kV6DestinationUnreachable, kV6AddressUnreachable, 0, 0}, sum, quoted,
                     out);
}

}  // namespace

std::size_t make_unreachable(ByteSpan packet, std::span<std::uint8_t, kMaxIcmpError> out) {
  const auto view = inspect(packet);
  if (!view) return 0;
  packet = packet.first(view->total_length);
  if (ip_version(packet) == 4) return may_answer_v4(packet, *view) ? write_v4(packet, out) : 0;
  return may_answer_v6(packet) ? write_v6(packet, out) : 0;
}

}  // namespace wring
