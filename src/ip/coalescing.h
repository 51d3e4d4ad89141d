// Joins packets that came out of the tunnel into few writes to a TUN with IFF_VNET_HDR. A write
// points at the payloads where they lie. Segmenting a write gives back exactly the packets that
// went in. Only the id of an IPv4 packet that must not be fragmented may differ (RFC 6864 gives it
// no meaning).
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "ip/joined_headers.h"
#include "ip/vnet_header.h"

namespace wring {

// The most packets in one write: as many as UDP_GRO delivers at once.
inline constexpr std::size_t kMaxCoalescedPackets = 64;
// About so many flows are joined at the same time. If two flows share a slot, the first one's
// packets leave earlier.
inline constexpr unsigned kFlowSlotBits = 7;

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

  // From the next batch on no packets of the protocol are joined.
  void stop_joining_tcp() { tcp_ = false; }
  void stop_joining_udp() { udp_ = false; }

  // Takes the packets of one batch in order. Keeps the order within every flow; a packet may
  // overtake those of other flows. Changes the headers of joined packets in place. The result is
  // valid until the next call, and as long as the packets are.
  [[nodiscard]] std::span<const TunWrite> coalesce(std::span<const InnerPacket> packets);

 private:
  // A packet, and whether it may be joined with others, as far as it alone tells.
  struct Candidate {
    ViewedPacket packet;
    std::uint32_t sequence = 0;          // TCP
    std::uint16_t offset_and_flags = 0;  // TCP
    bool may_follow = false;             // after another packet
    bool may_lead = false;               // before others
  };
  // Packets that leave in one write. Their flow may add to it while open_groups_ names it.
  struct Group {
    Candidate first;
    std::uint32_t first_member;  // indices into members_
    std::uint32_t last_member;
    std::uint32_t count;
    std::uint32_t total;    // bytes of the joined packet
    std::uint16_t endings;  // PSH and FIN of the last packet
    bool verified;          // the checksums of the first packet hold
  };
  // A payload that follows the first packet, and the index of the next one.
  struct Member {
    MutByteSpan payload;
    std::uint32_t next;
  };
  enum class Join { kJoined, kJoinedAsLast, kUnlike, kWrongChecksum };

  void take(const InnerPacket& packet);
  [[nodiscard]] Candidate examine(const ViewedPacket& packet) const;
  [[nodiscard]] static bool fits(const Group& group, const Candidate& next);
  Join try_join(Group& group, const Candidate& next);
  void begin_group(const Candidate& first);
  void build_writes();

  static constexpr std::uint32_t kNone = UINT32_MAX;

  bool tcp_ = true;
  bool udp_;
  // Indices into groups_, by flow. A flow that needs a slot in use closes the group found there.
  std::array<std::uint32_t, 1 << kFlowSlotBits> open_groups_{};
  std::vector<Group> groups_;  // in the order of their first packets
  std::vector<Member> members_;
  std::vector<VnetHeader> headers_;  // in step with groups_
  std::vector<iovec> parts_;
  std::vector<TunWrite> writes_;
};

}  // namespace wring
