// The fixed headers of TCP and UDP as bytes on the wire.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace wring {

// RFC 9293 3.1, without options.
struct TcpHeader {
  Be<std::uint16_t> source_port;
  Be<std::uint16_t> destination_port;
  Be<std::uint32_t> sequence;
  Be<std::uint32_t> acknowledgement;
  Be<std::uint16_t> offset_and_flags;  // the header's length in words of 4 bytes, 4 bits; flags
  Be<std::uint16_t> window;
  Be<std::uint16_t> checksum;
  Be<std::uint16_t> urgent_pointer;
};
static_assert(sizeof(TcpHeader) == 20 && offsetof(TcpHeader, checksum) == 16);

inline constexpr std::uint16_t kTcpFin = 0x001;
inline constexpr std::uint16_t kTcpSyn = 0x002;
inline constexpr std::uint16_t kTcpRst = 0x004;
inline constexpr std::uint16_t kTcpPsh = 0x008;
inline constexpr std::uint16_t kTcpAck = 0x010;
inline constexpr std::uint16_t kTcpUrg = 0x020;
inline constexpr std::uint16_t kTcpCwr = 0x080;  // RFC 3168

// RFC 768.
struct UdpHeader {
  Be<std::uint16_t> source_port;
  Be<std::uint16_t> destination_port;
  Be<std::uint16_t> length;    // with this header
  Be<std::uint16_t> checksum;  // 0: none was made
};
static_assert(sizeof(UdpHeader) == 8 && offsetof(UdpHeader, checksum) == 6);

}  // namespace wring
