// The view of an inner packet's IP header. It is made once, when the packet comes from the TUN or
// out of a datagram, and goes along with the packet from there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "ip/ip_header.h"

namespace wring {

// Small enough for a register. Addresses are read from the packet where one is needed.
struct IpView {
  std::uint32_t total_length;  // bytes by the header; padding may follow
  std::uint8_t header_length;  // bytes; with options for version 4, 40 for version 6
  std::uint8_t version;        // 4 or 6
  std::uint8_t ecn;            // the two bits of the TOS or traffic class
  std::uint8_t protocol;       // of version 4; for version 6 the first next header
};
static_assert(sizeof(IpView) == 8);

// A packet out of a datagram, trimmed to the length that its header gives.
struct InnerPacket {
  MutByteSpan bytes;
  IpView ip;
};

namespace internal {

inline tl::expected<IpView, DropReason> inspect_v4(ByteSpan bytes) {
  if (bytes.size() < sizeof(Ipv4Header)) return tl::unexpected(DropReason::kMalformedInner);
  const auto header = load<Ipv4Header>(bytes);
  const unsigned header_length = (header.version_and_length & 0x0fU) * 4;
  if (header_length < sizeof header) return tl::unexpected(DropReason::kMalformedInner);
  const std::uint32_t total_length = header.total_length;
  if (total_length < header_length || total_length > bytes.size()) {
    return tl::unexpected(DropReason::kInnerLength);
  }
  return IpView{.total_length = total_length,
                .header_length = static_cast<std::uint8_t>(header_length),
                .version = 4,
                .ecn = static_cast<std::uint8_t>(header.tos & 0x03),
                .protocol = header.protocol};
}

inline tl::expected<IpView, DropReason> inspect_v6(ByteSpan bytes) {
  if (bytes.size() < sizeof(Ipv6Header)) return tl::unexpected(DropReason::kMalformedInner);
  const auto header = load<Ipv6Header>(bytes);
  // 32 bits: in 16 bits, 40 + payload length can wrap to less than the header (P21).
  const std::uint32_t total_length = std::uint32_t{sizeof header} + header.payload_length;
  if (total_length > bytes.size()) return tl::unexpected(DropReason::kInnerLength);
  return IpView{.total_length = total_length,
                .header_length = sizeof header,
                .version = 6,
                .ecn = static_cast<std::uint8_t>(header.version_class_flow >> 20 & 0x03),
                .protocol = header.next_header};
}

}  // namespace internal

// Checks the header of the packet that `bytes` begins with. kMalformedInner: this is no IP header.
// kInnerLength: the header gives a length below its own size or above bytes.size() (P21). Checksums
// are not verified, because the receiving stack does that.
[[nodiscard]] inline tl::expected<IpView, DropReason> inspect(ByteSpan bytes) {
  const unsigned version = ip_version(bytes);
  if (version == 4) return internal::inspect_v4(bytes);
  if (version == 6) return internal::inspect_v6(bytes);
  return tl::unexpected(DropReason::kMalformedInner);
}

}  // namespace wring
