// A packet as Outbound takes it in.
#pragma once

#include "ip/ip_packet.h"
#include "ip/segmentation.h"

namespace wring {

// `packet` has kPacketTailRoom writable bytes behind it.
inline tl::expected<SegmentedPacket, DropReason> parse_packet(const VnetHeader& header,
                                                              MutByteSpan packet) {
  const auto ip = inspect(packet);
  if (!ip) return tl::unexpected(DropReason::kMalformedOutgoing);
  return SegmentedPacket::parse(header, packet, *ip);
}

}  // namespace wring
