// What the tunnel has to know about an inner IP packet, and the checks that come before it is
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "ip/ip_address.h"

namespace wring {

struct IpPacketView {
  IpAddress source;
  IpAddress destination;
  std::uint32_t header_length;  // bytes, options of version 4 included; 40 for version 6
  std::uint32_t
      total_length;  // bytes, by the header: at most what was sent, which padding may exceed
  std::uint8_t ecn;  // the two bits of the TOS or traffic class
};

// Looks at the header of the packet that `bytes` begins with. Refuses with
// DropReason::kMalformedInner what is no IP header, and with kInnerLength a header whose length is
// below its own size or above bytes.size() (P21). Checksums are not verified: the receiving stack
// does that.
[[nodiscard]] tl::expected<IpPacketView, DropReason> inspect(ByteSpan bytes);

}  // namespace wring
