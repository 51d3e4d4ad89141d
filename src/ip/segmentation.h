// Splits a packet from a TUN with offloads into the packets that go through the tunnel: the
// segments of TCP (TSO), the datagrams of UDP (USO), or the one packet that it is. The result is
// equal, byte for byte, to the kernel's own segmentation (tcp_gso_segment, __udp_gso_segment,
// inet_gso_segment).
#pragma once

#include <cstddef>
#include <cstdint>
#include <tl/expected.hpp>
#include <vector>

#include "base/bytes.h"
#include "base/drop_reason.h"
#include "ip/checksum.h"
#include "ip/segment_arena.h"
#include "ip/transport_view.h"
#include "ip/vnet_header.h"

namespace wring {

// The most segments of one packet. A full packet stays below it down to segments of 32 bytes; TCP
// keeps its own at 48 with options (net.ipv4.tcp_min_snd_mss).
inline constexpr std::size_t kMaxSegments = 2048;
// IP and transport headers with options and extension headers.
inline constexpr std::size_t kMaxSegmentHeaders = 1024;

enum class SegmentPhase : std::uint8_t { kEven, kOdd };

// A packet that is split where it lies, without copying its payload:
//
//   as read:   | header | payload 0      | payload 1      | payload 2   |
//   kEven:     | header | payload 0      |0     | header' | payload 2   |0
//   kOdd:               |      | header" | payload 1      |0
//
// Each header is written just before its payload, over the tail of the segment before it. The zeros
// that pad a segment (P4) are written over the head of the segment after it. So segments take
// turns: first those of even number are made and sealed, then those of odd number, from bytes that
// were saved before. If headers are longer than payloads, segments are copied out instead.
//
// Holds views of the packet's buffer and of the arena; copies are cheap.
class SegmentedPacket {
 public:
  // `packet` follows `header`, `ip` is its view, and kPacketTailRoom writable bytes follow it. A
  // checksum that is due is completed in place. Believes nothing that the header says without a
  // look at the packet. Refuses with kMalformedOutgoing what cannot be split, and with kOversized
  // what exceeds the two limits above.
  static tl::expected<SegmentedPacket, DropReason> parse(const VnetHeader& header,
                                                         MutByteSpan packet, IpView ip);

  // The packet as a whole. Its headers are intact until the first prepare().
  [[nodiscard]] MutByteSpan packet() const { return packet_; }
  // At least 1.
  [[nodiscard]] std::size_t count() const { return count_; }
  // Bytes of segment `i`, its IP header included, before padding.
  [[nodiscard]] std::size_t size(std::size_t i) const {
    return i + 1 < count_ ? header_size_ + gso_size_ : last_size_;
  }

  // Makes the segments of one phase, and appends each with its padding to `out`: number 0, 2, 4...
  // or 1, 3, 5.... They are valid until the other phase begins or the arena is cleared. Call it
  // once for each phase, kEven first, both with the same arena and the interface's MTU.
  void prepare(SegmentPhase phase, std::size_t mtu, SegmentArena& arena,
               std::vector<MutByteSpan>& out);

  // Copies segment `i`, without padding, to `out`, which is of size(i) bytes. Before the first
  // prepare() only. For packets that must wait (P22).
  void copy(std::size_t i, MutByteSpan out) const;

 private:
  enum class Kind : std::uint8_t { kWhole, kTcp, kUdp };

  explicit SegmentedPacket(MutByteSpan packet);
  SegmentedPacket(MutByteSpan packet, const TransportView& view, std::uint32_t gso_size);

  [[nodiscard]] MutByteSpan payload(std::size_t i) const;
  void write_headers(std::size_t i, std::uint8_t* at) const;
  void write_ip(std::size_t i, MutByteSpan header) const;
  void write_tcp(std::size_t i, MutByteSpan header, InternetChecksum sum) const;
  void write_udp(std::size_t i, MutByteSpan header, InternetChecksum sum) const;
  void copy_out(std::size_t first, std::size_t mtu, SegmentArena& arena,
                std::vector<MutByteSpan>& out) const;
  void save(std::size_t padding, SegmentArena& arena);
  void restore(std::size_t padding);

  MutByteSpan packet_;
  std::uint8_t* saved_ = nullptr;   // the bytes that kEven writes over
  InternetChecksum ip_sum_;         // of the IPv4 header without length, id and checksum
  InternetChecksum transport_sum_;  // of pseudo-header and header without the differing fields
  std::uint32_t header_size_ = 0;
  std::uint32_t transport_ = 0;
  std::uint32_t gso_size_ = 0;
  std::uint32_t count_ = 1;
  std::uint32_t last_size_ = 0;
  std::uint32_t sequence_ = 0;          // of the first segment
  std::uint16_t offset_and_flags_ = 0;  // of the whole packet
  std::uint16_t id_ = 0;                // IPv4, of the first segment
  Kind kind_ = Kind::kWhole;
  bool is_v4_ = false;
  bool in_place_ = true;
};

}  // namespace wring
