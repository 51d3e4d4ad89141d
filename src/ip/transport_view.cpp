// Finds TCP or UDP after the options and extension headers of a packet.
#include "ip/transport_view.h"

#include <netinet/in.h>

#include "ip/ip_header.h"
#include "ip/ipv6_extensions.h"
#include "ip/transport_header.h"

namespace wring {
namespace {

using Refused = tl::unexpected<NoTransport>;

constexpr std::uint16_t kIpv4MoreFragments = 0x2000;
// Routing headers whose first address is the packet's final one.
constexpr std::uint8_t kRoutingMobile = 2;    // RFC 6275 6.4
constexpr std::uint8_t kRoutingSegments = 4;  // RFC 8754 2
constexpr std::size_t kRoutingFirstAddress = 8;

// Where TCP or UDP begins, and which address their checksum covers.
struct UpperLayer {
  std::uint8_t protocol;
  std::uint32_t offset;
  std::uint32_t destination;
};

tl::expected<UpperLayer, NoTransport> upper_layer_v4(ByteSpan packet, IpView ip) {
  const std::uint16_t fragment =
      load<Be<std::uint16_t>>(packet, offsetof(Ipv4Header, flags_and_offset));
  if ((fragment & (kIpv4OffsetMask | kIpv4MoreFragments)) != 0) {
    return Refused(NoTransport::kUnseen);
  }
  return UpperLayer{ip.protocol, ip.header_length, offsetof(Ipv4Header, destination)};
}

// False if it is not known which address a routing header leads to in the end.
bool pass_routing_header(const ExtensionHeader& header, std::uint32_t& destination) {
  if (header.bytes[3] == 0) return true;  // no segments left: the destination is the final one
  const std::uint8_t type = header.bytes[2];
  if (type != kRoutingMobile && type != kRoutingSegments) return false;
  if (header.bytes.size() < kRoutingFirstAddress + sizeof(Ipv6Header::destination)) return false;
  destination = header.offset + kRoutingFirstAddress;
  return true;
}

tl::expected<UpperLayer, NoTransport> upper_layer_v6(ByteSpan packet, IpView ip) {
  std::uint32_t destination = offsetof(Ipv6Header, destination);
  const ByteSpan whole = packet.first(ip.total_length);
  const auto upper = find_upper_layer_v6(whole, [&](const ExtensionHeader& header) {
    // The authentication header covers everything after it, so nothing can be split or joined.
    if (header.type == IPPROTO_FRAGMENT || header.type == IPPROTO_AH) return false;
    return header.type != IPPROTO_ROUTING || pass_routing_header(header, destination);
  });
  if (!upper) return Refused(NoTransport::kUnseen);
  return UpperLayer{upper->protocol, upper->offset, destination};
}

}  // namespace

bool TransportView::is_tcp() const {
  return protocol == IPPROTO_TCP;
}

tl::expected<TransportView, NoTransport> view_transport(ByteSpan packet, IpView ip) {
  const auto upper = ip.version == 4 ? upper_layer_v4(packet, ip) : upper_layer_v6(packet, ip);
  if (!upper) return Refused(upper.error());

  std::uint32_t size = sizeof(UdpHeader);
  if (upper->protocol == IPPROTO_TCP) {
    if (upper->offset + sizeof(TcpHeader) > ip.total_length) return Refused(NoTransport::kUnseen);
    const std::uint32_t offset_and_flags = load<TcpHeader>(packet, upper->offset).offset_and_flags;
    size = (offset_and_flags >> 12) * 4;
    if (size < sizeof(TcpHeader)) return Refused(NoTransport::kUnseen);
  } else if (upper->protocol != IPPROTO_UDP) {
    return Refused(NoTransport::kOtherProtocol);
  }
  if (upper->offset + size > ip.total_length) return Refused(NoTransport::kUnseen);
  return TransportView{.version = ip.version,
                       .protocol = upper->protocol,
                       .transport = upper->offset,
                       .payload = upper->offset + size,
                       .total = ip.total_length,
                       .destination = upper->destination};
}

InternetChecksum pseudo_header_sum(ByteSpan packet, const TransportView& view) {
  InternetChecksum sum;
  if (view.version == 4) {
    sum.add(packet.subspan(offsetof(Ipv4Header, source), 4));
    sum.add(packet.subspan(view.destination, 4));
  } else {
    sum.add(packet.subspan(offsetof(Ipv6Header, source), 16));
    sum.add(packet.subspan(view.destination, 16));
  }
  sum.add(view.protocol);
  return sum;
}

}  // namespace wring
