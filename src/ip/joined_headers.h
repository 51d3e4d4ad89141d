// Which packets of one flow could be segments of a single packet, and the headers of that packet.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "ip/transport_view.h"
#include "ip/vnet_header.h"

namespace wring {

// A TCP or UDP packet of the length that its IP header gives.
struct ViewedPacket {
  MutByteSpan bytes;
  TransportView view{};

  [[nodiscard]] std::uint32_t payload_size() const { return view.total - view.payload; }
  [[nodiscard]] MutByteSpan payload() const { return bytes.subspan(view.payload); }
};

// The same protocol, addresses and ports.
[[nodiscard]] bool same_flow(const ViewedPacket& a, const ViewedPacket& b);

// Returns true if the headers of `next`, a packet of the same flow, are exactly those that
// segmentation would produce for segment number `position` of a packet that starts with `first`:
// all repeated fields are equal, and the IPv4 id counts up or means nothing (RFC 6864). Lengths,
// sequence numbers, TCP flags and checksums are not looked at.
[[nodiscard]] bool repeats_headers(const ViewedPacket& first, const ViewedPacket& next,
                                   std::uint32_t position);

// Returns true if the checksums, of the IPv4 header too, are those that segmentation would make.
// Zero can be written in two ways, and segmentation makes one of them, so a packet with the other
// fails.
[[nodiscard]] bool checksums_hold(const ViewedPacket& packet);

struct JoinedSize {
  std::uint32_t total;     // bytes of the joined packet
  std::uint32_t gso_size;  // payload bytes of each segment but the last
};

// Turns the headers of `first` into those of the joined packet, and describes it to the kernel.
// `endings` are the TCP flags to add: PSH and FIN of the last segment.
VnetHeader join_headers(const ViewedPacket& first, JoinedSize size, std::uint16_t endings);

}  // namespace wring
