// The fixed headers of IP as bytes on the wire.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace wring {

// RFC 791 3.1, without options.
struct Ipv4Header {
  std::uint8_t version_and_length;  // 4, and the header's length in words of 4 bytes
  std::uint8_t tos;
  Be<std::uint16_t> total_length;
  Be<std::uint16_t> id;
  Be<std::uint16_t> flags_and_offset;
  std::uint8_t ttl;
  std::uint8_t protocol;
  Be<std::uint16_t> checksum;
  Bytes<4> source;
  Bytes<4> destination;
};
static_assert(sizeof(Ipv4Header) == 20 && offsetof(Ipv4Header, source) == 12);

inline constexpr std::uint16_t kIpv4OffsetMask = 0x1fff;

// RFC 8200 3.
struct Ipv6Header {
  Be<std::uint32_t> version_class_flow;  // 4, 8 and 20 bits
  Be<std::uint16_t> payload_length;      // without these 40 bytes
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  Bytes<16> source;
  Bytes<16> destination;
};
static_assert(sizeof(Ipv6Header) == 40 && offsetof(Ipv6Header, source) == 8);

// 0 for an empty packet.
inline unsigned ip_version(ByteSpan packet) {
  return packet.empty() ? 0 : packet[0] >> 4;
}

}  // namespace wring
