// Walks over the extension headers between an IPv6 header and its upper layer (RFC 8200 4).
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "ip/ip_header.h"

namespace wring {

inline constexpr int kMaxExtensionHeaders = 8;  // more than any sender has reason to use

struct ExtensionHeader {
  std::uint8_t type;  // IPPROTO_HOPOPTS, _ROUTING, _FRAGMENT, _AH or _DSTOPTS
  std::uint32_t offset;
  ByteSpan bytes;  // whole, at least 8
};

struct UpperLayerV6 {
  std::uint8_t protocol;
  std::uint32_t offset;  // may be the packet's end
};

// `packet` is as long as its IPv6 header says, and holds at least that header. Calls `accept` with
// each ExtensionHeader. Finds no upper layer if `accept` returns false, if a header is cut short,
// or if there are too many headers.
template <typename Accept>
std::optional<UpperLayerV6> find_upper_layer_v6(ByteSpan packet, Accept accept) {
  UpperLayerV6 at{load<Ipv6Header>(packet).next_header, sizeof(Ipv6Header)};
  for (int i = 0; i < kMaxExtensionHeaders; ++i) {
    const bool fragment = at.protocol == IPPROTO_FRAGMENT;
    const bool authentication = at.protocol == IPPROTO_AH;
    if (at.protocol != IPPROTO_HOPOPTS && at.protocol != IPPROTO_ROUTING &&
        at.protocol != IPPROTO_DSTOPTS && !fragment && !authentication) {
      return at;
    }
    if (at.offset + 8 > packet.size()) return std::nullopt;
    // In units of 8 bytes without the first; the authentication header's are of 4 (RFC 4302 2.2).
    const std::uint32_t units = packet[at.offset + 1];
    const std::uint32_t size = fragment ? 8 : authentication ? (units + 2) * 4 : (units + 1) * 8;
    if (at.offset + size > packet.size()) return std::nullopt;
    const ExtensionHeader header{at.protocol, at.offset, packet.subspan(at.offset, size)};
    if (!accept(header)) return std::nullopt;
    at = {header.bytes[0], at.offset + size};
  }
  return std::nullopt;
}

}  // namespace wring
