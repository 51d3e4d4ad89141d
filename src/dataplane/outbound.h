// From the TUN to the wire: split, route, seal, address a batch of packets. [WG] 5.4.6; the
// kernel's send.c.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/aead_engine.h"
#include "crypto/keys.h"
#include "dataplane/uplink_shares.h"
#include "device/shared_state.h"
#include "ip/icmp.h"
#include "ip/packets.h"
#include "ip/segment_arena.h"
#include "ip/segmentation.h"

namespace wring {

struct Peer;
class Session;

// One per worker; pure but for the shared state that it reads under RCU.
class Outbound {
 public:
  // A message that the routing table has led back into the TUN, and that was dropped.
  struct Loop {
    PublicKey peer;     // for which it would have been sealed
    Endpoint endpoint;  // of that peer
    bool own = true;    // a message to this endpoint; else one of too many tunnels in each other
  };
  // What came of a batch. Valid until the next call of process().
  struct Batch {
    std::span<const OutgoingDatagram> datagrams;  // sealed, in the order of their packets
    std::span<const ByteSpan> replies;            // ICMP errors, for the TUN
    bool wake_control = false;                    // peers were put on the attention list
    const Loop* loop = nullptr;                   // a routing loop was seen; the first of them
  };

  // `engine` is this object's own. `join`: datagrams of one size that follow each other are given
  // out as one, to be segmented by the kernel (OutgoingDatagram::segment_size).
  explicit Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine = make_aead_engine(),
                    bool join = false);

  // At most kMaxBatch packets, each with kPacketTailRoom writable bytes behind it. Their bytes may
  // be changed.
  [[nodiscard]] Batch process(std::span<const TunPacket> packets, TimePoint now);

  // Who may send how much by the socket of a family. The caller keeps it up to date.
  [[nodiscard]] UplinkShares& uplink(bool v4) { return uplinks_[v4 ? 0 : 1]; }

  // A send to `endpoint`, an OutgoingDatagram::to of the latest batch, failed. The next process()
  // tells its peer. These may be called while the thread holds no references under RCU.
  //
  // The peer forgets the source address (P29), unless it has moved on by then.
  void source_failed(const Endpoint& endpoint) {
    failed_.push_back({position(endpoint), Failure::kSource});
  }
  // The kernel would not segment: until the next handshake no datagrams to the peer are joined that
  // are of so many bytes or more.
  void joining_failed(const Endpoint& endpoint, std::uint32_t size) {
    failed_.push_back({position(endpoint), Failure::kJoining, size});
  }
  // The datagram was lost, which proves nothing.
  void send_failed(const Endpoint& endpoint) {
    failed_.push_back({position(endpoint), Failure::kLost});
  }

 private:
  struct Routed {
    Peer* peer;
    SegmentedPacket packet;
    std::uint8_t ecn;
    // Where the UDP header of a WireGuard message begins; 0: it carries none.
    std::uint16_t nested_udp;
    std::uint8_t hop_limit = 0;  // of the datagrams, where it carries a message; 0: the default
    // Once a session took it.
    const Session* session = nullptr;
    std::size_t first_datagram = 0;
  };
  // Whether a datagram of this size leaves joined with others to the same peer.
  enum class Joining : std::uint8_t { kNo, kUntried, kYes };
  // A sealed datagram, or one about to be.
  struct Planned {
    MutByteSpan bytes;
    std::uint64_t counter;
    std::uint32_t destination;  // position in endpoints_
    std::uint8_t marks;         // ECN in the low two bits, the hop limit above
    Joining joining;
  };
  // JoinedSizes for the batch.
  struct JoinLimits {
    std::uint32_t proven;
    std::uint32_t refused;
  };
  enum class Failure : std::uint8_t { kSource, kJoining, kLost };
  struct FailedSend {
    std::size_t position;  // in endpoints_
    Failure failure;
    std::uint32_t size = 0;  // kJoining
  };
  // Datagrams that were joined to see whether the kernel takes them.
  struct Trial {
    std::size_t position;  // in endpoints_
    std::uint32_t size;    // of each
  };

  [[nodiscard]] std::size_t position(const Endpoint& endpoint) const {
    return static_cast<std::size_t>(&endpoint - endpoints_.data());
  }
  void remember_outcome();
  [[nodiscard]] Peer* peer_sent_to(std::size_t position) const;
  void route(const TunPacket& packet, TimePoint now);
  // Takes packets out of a run that must not be sealed for the peer. Returns the others.
  [[nodiscard]] std::span<Routed> drop_loops(std::span<Routed> run, const Endpoint& endpoint);
  // A run of packets to one peer: one look at its session and endpoint, one addition to its
  // counter.
  void process_run(std::span<Routed> run, TimePoint now);
  // The first packets of the run that the peer may send while the socket is filling up. The others
  // are dropped.
  [[nodiscard]] std::span<Routed> admitted(std::span<Routed> run, UplinkShares& uplink);
  void plan(Routed& routed, const Session& session, std::uint64_t& counter, JoinLimits limits);
  void seal_phase(SegmentPhase phase);
  [[nodiscard]] OutgoingDatagram datagram(const Planned& first, ByteSpan payload,
                                          std::uint16_t segment_size) const;
  [[nodiscard]] static bool may_follow(const Planned& previous, const Planned& next);
  void join_datagrams();
  void try_to_join();
  void stage(std::span<const Routed> run, TimePoint now);
  void reject(ByteSpan packet, DropReason reason, TimePoint now);
  void point_at(Peer& peer, std::uint32_t why);

  SharedState& shared_;
  std::unique_ptr<AeadEngine> engine_;
  const bool join_;
  std::array<UplinkShares, 2> uplinks_;
  std::size_t mtu_ = kDefaultMtu;  // for the batch
  std::vector<Routed> routed_;
  bool any_nested_ = false;  // one of them carries a message
  std::optional<Loop> loop_;
  std::vector<Endpoint> endpoints_;  // one per run; OutgoingDatagram::to points here
  // In step: what was sent on. A peer may be freed before a send to it fails, its index tells.
  std::vector<SessionIndex> endpoint_sessions_;
  std::vector<FailedSend> failed_;
  std::optional<Trial> trial_;  // in the latest batch
  std::vector<Planned> planned_;
  std::vector<MutByteSpan> segments_;
  std::vector<SealJob> jobs_;
  std::vector<OutgoingDatagram> datagrams_;
  SegmentArena copies_;  // what splitting in place has to save
  SegmentArena sealed_;  // datagrams, one behind the other
  std::vector<std::uint8_t> staging_;
  // Answers to senders: few, and no more than so many a second.
  static constexpr std::size_t kMaxReplies = 8;
  std::array<std::array<std::uint8_t, kMaxIcmpError>, kMaxReplies> reply_storage_;
  std::vector<ByteSpan> replies_;
  TimePoint reply_window_start_{};
  unsigned replies_in_window_ = 0;
  bool wake_control_ = false;
};

}  // namespace wring
