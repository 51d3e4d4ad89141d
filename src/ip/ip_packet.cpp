#include "ip/ip_packet.h"

#include <algorithm>

#include "ip/ip_header.h"

namespace wring {
namespace {

using Refused = tl::unexpected<DropReason>;

tl::expected<IpPacketView, DropReason> inspect_v4(ByteSpan bytes) {
  if (bytes.size() < sizeof(Ipv4Header)) return Refused(DropReason::kMalformedInner);
  const auto header = load<Ipv4Header>(bytes);
  IpPacketView view{};
  view.header_length = (header.version_and_length & 0x0fU) * 4;
  if (view.header_length < sizeof header) return Refused(DropReason::kMalformedInner);
  view.total_length = header.total_length;
  if (view.total_length < view.header_length || view.total_length > bytes.size()) {
    return Refused(DropReason::kInnerLength);
  }
  view.source = IpAddress::v4(header.source);
  view.destination = IpAddress::v4(header.destination);
  view.ecn = header.tos & 0x03;
  return view;
}

tl::expected<IpPacketView, DropReason> inspect_v6(ByteSpan bytes) {
  if (bytes.size() < sizeof(Ipv6Header)) return Refused(DropReason::kMalformedInner);
  const auto header = load<Ipv6Header>(bytes);
  IpPacketView view{};
  view.header_length = sizeof header;
  // 32 bits: in 16 bits, 40 + payload length can wrap to less than the header (P21).
  view.total_length = std::uint32_t{sizeof header} + header.payload_length;
  if (view.total_length > bytes.size()) return Refused(DropReason::kInnerLength);
  view.source = IpAddress::v6(header.source);
  view.destination = IpAddress::v6(header.destination);
  view.ecn = static_cast<std::uint8_t>(header.version_class_flow >> 20 & 0x03);
  return view;
}

}  // namespace

tl::expected<IpPacketView, DropReason> inspect(ByteSpan bytes) {
  switch (ip_version(bytes)) {
    case 4:
      return inspect_v4(bytes);
    case 6:
      return inspect_v6(bytes);
    default:
      return Refused(DropReason::kMalformedInner);
  }
}

}  // namespace wring
