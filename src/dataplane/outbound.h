// From the TUN to the wire: splits, routes, seals and addresses a batch of packets. [WG] 5.4.6; the
// kernel's send.c.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "crypto/aead.h"
#include "crypto/aead_engine.h"
#include "crypto/keys.h"
#include "dataplane/datagram_joiner.h"
#include "dataplane/unreachable_replies.h"
#include "dataplane/uplink_shares.h"
#include "ip/packets.h"
#include "ip/segment_arena.h"
#include "ip/segmentation.h"
#include "peer/peer_activity.h"
#include "peer/shared_state.h"
#include "peer/staged_packets.h"

namespace wring {

struct Peer;
class Session;

// One per worker. Pure, except for the shared state that it reads under RCU.
class Outbound {
 public:
  // A message that the routing table has led back into the TUN, and that was dropped.
  struct Loop {
    PublicKey peer;     // for which it would have been sealed
    Endpoint endpoint;  // of that peer
    bool own = true;    // a message to this endpoint; else one of too many tunnels in each other
  };
  // The result of a batch. Valid until the next call of process().
  struct Batch {
    std::span<const OutgoingDatagram> datagrams;  // sealed, in the order of their packets
    std::span<const ByteSpan> replies;            // ICMP errors, for the TUN
    // Peers were put on the attention list, now or when a send of the batch before failed.
    bool wake_control = false;
    const Loop* loop = nullptr;  // a routing loop was seen; the first of them
  };

  // With `join`, datagrams of one size that follow each other are given out as one, which the
  // kernel segments (OutgoingDatagram::segment_size).
  explicit Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine = make_aead_engine(),
                    bool join = false);

  // Takes at most kMaxBatch packets, each with kPacketTailRoom writable bytes after it. May change
  // their bytes.
  [[nodiscard]] Batch process(std::span<const TunPacket> packets, TimePoint now);

  // Who may send how much by the socket of a family. The caller keeps it up to date.
  [[nodiscard]] UplinkShares& uplink(bool v4) { return uplinks_[v4 ? 0 : 1]; }

  // Sends of the latest batch that failed. `endpoint` is an OutgoingDatagram::to of it. Each looks
  // for the peer under RCU, because it may have been removed meanwhile.
  //
  // The peer forgets the source address (P29), unless its endpoint has moved on by then.
  void source_failed(const Endpoint& endpoint);
  // It did not leave without the source either: the peer has it back.
  void source_was_right(const Endpoint& endpoint);
  // The kernel did not segment: until the next handshake no datagrams to the peer are joined that
  // are of `size` bytes or more.
  void joining_failed(const Endpoint& endpoint, std::uint32_t size);
  // So many datagrams of so many bytes together were lost: they count as not sent.
  void send_failed(const Endpoint& endpoint, std::size_t datagrams, std::size_t bytes);
  // True if that put a peer on the attention list, so that the control thread is to be woken. The
  // caller wakes it at once, because other workers take it for woken. Else the next batch says so.
  [[nodiscard]] bool take_wake() { return std::exchange(wake_control_, false); }

  // The implementation of ChaCha20-Poly1305 in use.
  [[nodiscard]] std::string_view cipher() const { return engine_->name(); }

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
  // A run that was sent, to put right what the peer was told of it if it was not.
  struct SentRun {
    SessionIndex session;  // by which the peer is found
    std::size_t datagrams;
    std::size_t failed = 0;
    PeerActivity::Before before;
  };

  [[nodiscard]] std::size_t position(const Endpoint& endpoint) const {
    return static_cast<std::size_t>(&endpoint - endpoints_.data());
  }
  // Null if it was removed meanwhile.
  [[nodiscard]] Peer* peer_sent_to(std::size_t position) const;
  void remember_trial();
  void route(const TunPacket& packet, TimePoint now);
  // Takes packets out of a run that must not be sealed for the peer. Returns the others.
  [[nodiscard]] std::span<Routed> drop_loops(std::span<Routed> run, const Endpoint& endpoint);
  // Takes a run of packets to one peer: looks at its session and endpoint once, and adds to its
  // counter once.
  void process_run(std::span<Routed> run, TimePoint now);
  // The first packets of the run that the peer may send while the socket is filling up. The others
  // are dropped.
  [[nodiscard]] std::span<Routed> admitted(std::span<Routed> run, UplinkShares& uplink);
  void plan(Routed& routed, const Session& session, std::uint64_t& counter,
            DatagramJoiner::Limits limits);
  void seal_phase(SegmentPhase phase);
  void stage(std::span<const Routed> run, TimePoint now);
  // The same for a peer that has a key, while packets wait before these. False: none waits any
  // more, and the run may be sent.
  [[nodiscard]] bool stage_behind_others(std::span<const Routed> run, TimePoint now);
  void append(std::span<const Routed> run, StagedPackets::Appender& appender);
  void ask_for_flush(Peer& peer, TimePoint now);
  void reject(ByteSpan packet, DropReason reason, TimePoint now);
  void point_at(Peer& peer, AttentionReasons why);

  SharedState& shared_;
  std::unique_ptr<AeadEngine> engine_;
  std::array<UplinkShares, 2> uplinks_;
  DatagramJoiner joiner_;
  UnreachableReplies unreachable_;
  std::size_t mtu_ = kDefaultMtu;  // for the batch
  TimePoint now_{};                // of the batch
  std::vector<Routed> routed_;
  bool any_nested_ = false;  // one of them carries a message
  std::optional<Loop> loop_;
  std::vector<Endpoint> endpoints_;  // one per run; OutgoingDatagram::to points here
  std::vector<SentRun> sent_;        // in step
  std::vector<PlannedDatagram> planned_;
  std::vector<MutByteSpan> segments_;
  std::vector<SealJob> jobs_;
  SegmentArena copies_;  // bytes that splitting in place has to save
  SegmentArena sealed_;  // datagrams, one after the other
  std::vector<std::uint8_t> staging_;
  bool wake_control_ = false;
};

}  // namespace wring
