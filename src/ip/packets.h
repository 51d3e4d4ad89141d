// The batches that pass between a worker, the TUN and the UDP sockets. None of these types owns its
// bytes.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "ip/endpoint.h"
#include "ip/vnet_header.h"

namespace wring {

// A pump hands out at most this many packets, and as many datagrams, at a time.
inline constexpr std::size_t kMaxBatch = 64;
// The largest IP packet, and so the largest MTU that Linux gives a TUN.
inline constexpr std::size_t kMaxPacket = 65535;
// The payload that a UDP datagram over IPv4 holds; over IPv6 it is 20 bytes more.
inline constexpr std::size_t kMaxUdpPayload = 65507;
// Writable bytes after every packet, in which it is padded in place (P4).
inline constexpr std::size_t kPacketTailRoom = 16;

// An IP packet read from the TUN, with kPacketTailRoom after it. No link-layer header.
struct TunPacket {
  VnetHeader header;  // all zeros where the TUN has none
  MutByteSpan bytes;
};

// A UDP datagram as it came from a socket. It is opened in place.
struct ReceivedDatagram {
  MutByteSpan payload;
  Endpoint from;         // remote, and the local address and interface it came to
  std::uint8_t tos = 0;  // outer TOS or traffic class; the low two bits are ECN (P24)
  // UDP_GRO: the payload is several datagrams of this many bytes each; the last may be shorter. 0:
  // it is one datagram.
  std::uint16_t segment_size = 0;
};

// A UDP datagram to be sent. Handshake messages have a TOS of 0x88 (DSCP AF41), data messages carry
// the ECN bits of their packet.
struct OutgoingDatagram {
  ByteSpan payload;
  const Endpoint* to = nullptr;
  std::uint8_t tos = 0;
  // UDP_SEGMENT: it is sent as several datagrams of this many bytes each; the last may be shorter.
  // 0: it is one datagram.
  std::uint16_t segment_size = 0;
  std::uint8_t hop_limit = 0;  // TTL or hop limit; 0: the system's default
};

// The bytes of each datagram that such a one stands for. The last may be shorter.
template <typename Datagram>
std::size_t size_of_each(const Datagram& datagram) {
  return datagram.segment_size != 0 ? datagram.segment_size : datagram.payload.size();
}

}  // namespace wring
