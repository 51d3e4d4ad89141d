// Joins the packets that came out of the tunnel into few writes to a TUN with IFF_VNET_HDR, by
// pointing at their payloads where they lie. The kernel, or we, segmenting such a write get back
// exactly what went in; only the id of an IPv4 packet that must not be fragmented may differ (RFC
// 6864 gives it no meaning).
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "dataplane/transport_view.h"
#include "dataplane/vnet_header.h"

namespace wring {

// No more packets go into one write: as many as UDP_GRO delivers at once.
inline constexpr std::size_t kMaxCoalescedPackets = 64;

// One writev() to the TUN: a VnetHeader, the first packet, the payloads of those that follow it.
struct TunWrite {
  std::span<const iovec> parts;
  std::size_t packets = 1;
};

// One per worker; pure. Keeps its memory between batches.
class Coalescer {
 public:
  // `udp`: the kernel takes USO packets.
  explicit Coalescer(bool udp) : udp_(udp) {}

  // Packets of one batch, in order, each of the length that its IP header gives. The order within
  // every flow is kept; a flow's packet may overtake those of others. Headers of joined packets are
  // changed in place. The result is good until the next call, and as long as the packets are.
  [[nodiscard]] std::span<const TunWrite> coalesce(std::span<const MutByteSpan> packets);

 private:
  // Packets that leave in one write. While it is open its flow may still add to it.
  struct Group {
    MutByteSpan first;
    TransportView view;
    std::uint32_t hash;
    std::uint32_t last_part;  // index into members_
    std::uint32_t count;
    std::uint32_t total;          // bytes of the joined packet
    std::uint32_t next_sequence;  // TCP
    std::uint16_t gso_size;       // payload of the first
    std::uint16_t last_flags;     // PSH and FIN of the last
    bool verified;                // the checksums of the first
  };
  // A payload to follow the first packet, and the index of the next one; 0 ends the chain.
  struct Member {
    ByteSpan payload;
    std::uint32_t next;
  };

  bool udp_;
};

}  // namespace wring
