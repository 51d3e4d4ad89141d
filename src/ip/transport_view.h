// The TCP or UDP header of an IP packet, as splitting and joining packets need it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "ip/checksum.h"
#include "ip/ip_packet.h"

namespace wring {

// Offsets and sizes are in bytes from the packet's start, and lie within the packet.
struct TransportView {
  std::uint8_t version;   // 4 or 6
  std::uint8_t protocol;  // IPPROTO_TCP or IPPROTO_UDP
  // IP header with options or extension headers: where TCP or UDP begins.
  std::uint32_t transport;
  std::uint32_t payload;  // where the transport header, options included, ends
  std::uint32_t total;    // the packet by its IP header
  // The address that the checksum covers: not that of the IPv6 header while a routing header has
  // segments left.
  std::uint32_t destination;

  [[nodiscard]] bool is_tcp() const;
};

enum class NoTransport : std::uint8_t {
  kOtherProtocol,  // neither TCP nor UDP
  kUnseen,         // a fragment, cut short, or hidden by an extension header
};

// `ip` is the view of the packet.
[[nodiscard]] tl::expected<TransportView, NoTransport> view_transport(ByteSpan packet, IpView ip);

// The sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1) without the length, which the caller
// adds.
[[nodiscard]] InternetChecksum pseudo_header_sum(ByteSpan packet, const TransportView& view);

}  // namespace wring
