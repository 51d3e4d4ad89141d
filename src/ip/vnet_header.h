// The header that a TUN with IFF_VNET_HDR puts in front of each packet: which checksum is still to
// be made, and whether the packet is one or many. Virtio 1.2, 5.1.6; declared here because the
// kernel's own <linux/virtio_net.h> is no valid C++.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring {

// The legacy layout, which a TUN uses unless told otherwise. All numbers are in host order.
struct VnetHeader {
  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;
  // Bytes of all headers. Out of the kernel it is what happened to be contiguous in its memory.
  std::uint16_t hdr_len = 0;
  std::uint16_t gso_size = 0;     // payload bytes of each segment but the last
  std::uint16_t csum_start = 0;   // with kVnetNeedsCsum: sum from here to the packet's end
  std::uint16_t csum_offset = 0;  // and store it so many bytes after csum_start
};
static_assert(sizeof(VnetHeader) == 10 && offsetof(VnetHeader, csum_offset) == 8);

// flags
inline constexpr std::uint8_t kVnetNeedsCsum = 1;  // the field holds the pseudo-header's sum only

// gso_type
inline constexpr std::uint8_t kVnetGsoNone = 0;
inline constexpr std::uint8_t kVnetGsoTcpV4 = 1;
inline constexpr std::uint8_t kVnetGsoTcpV6 = 4;
inline constexpr std::uint8_t kVnetGsoUdpL4 = 5;   // many datagrams (USO)
inline constexpr std::uint8_t kVnetGsoEcn = 0x80;  // a bit beside TCP: the first segment has CWR

}  // namespace wring
