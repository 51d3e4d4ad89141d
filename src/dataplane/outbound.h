// From the TUN to the wire: split, route, seal, address a batch of packets. [WG] 5.4.6; the
// kernel's send.c.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "dataplane/icmp.h"
#include "dataplane/packets.h"
#include "dataplane/segment_arena.h"
#include "dataplane/segmentation.h"
#include "dataplane/shared_state.h"
#include "noise/aead.h"
#include "noise/aead_engine.h"

namespace wring {

struct Peer;
class Session;

// One per worker; pure but for the shared state that it reads under RCU.
class Outbound {
 public:
  // What came of a batch. Valid until the next call of process().
  struct Batch {
    std::span<const OutgoingDatagram> datagrams;  // sealed, in the order of their packets
    std::span<const ByteSpan> replies;            // ICMP errors, for the TUN
    bool wake_control = false;                    // peers were put on the attention list
  };

  // `engine` is this object's own. `join`: datagrams of one size that follow each other are given
  // out as one, to be segmented by the kernel (OutgoingDatagram::segment_size).
  explicit Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine = make_aead_engine(),
                    bool join = false);

  // At most kMaxBatch packets, each with kPacketTailRoom writable bytes behind it. Their bytes may
  // be changed.
  [[nodiscard]] Batch process(std::span<const TunPacket> packets, TimePoint now);

  // A send to `endpoint`, an OutgoingDatagram::to of the latest batch, failed: the next process()
  // makes its peer forget the source address (P29), unless the peer has moved on by then. May be
  // called while the thread holds no references under RCU.
  void source_failed(const Endpoint& endpoint) { failed_.push_back({position(endpoint), true}); }
  // The same for one that the kernel would not segment: no datagrams to its peer are joined until
  // its next handshake.
  void joining_failed(const Endpoint& endpoint) { failed_.push_back({position(endpoint), false}); }

 private:
  struct Routed {
    Peer* peer;
    SegmentedPacket packet;
    std::uint8_t ecn;
    // Once a session took it.
    const Session* session = nullptr;
    std::size_t first_datagram = 0;
  };
  // A sealed datagram, or one about to be.
  struct Planned {
    MutByteSpan bytes;
    std::uint64_t counter;
    std::uint32_t destination;  // position in endpoints_
    std::uint8_t tos;
    bool may_join;
  };
  struct FailedSend {
    std::size_t position;  // in endpoints_
    bool source;           // false: the kernel refused to segment
  };

  [[nodiscard]] std::size_t position(const Endpoint& endpoint) const {
    return static_cast<std::size_t>(&endpoint - endpoints_.data());
  }
  void remember_failures();
  void route(const TunPacket& packet, TimePoint now);
  // A run of packets to one peer: one look at its session and endpoint, one addition to its
  // counter.
  void process_run(std::span<Routed> run, TimePoint now);
  void plan(Routed& routed, const Session& session, std::uint64_t& counter, bool may_join);
  void seal_phase(SegmentPhase phase);
  void join_datagrams();
  void stage(std::span<const Routed> run, TimePoint now);
  void reject(ByteSpan packet, DropReason reason, TimePoint now);
  void point_at(Peer& peer, std::uint32_t why);

  SharedState& shared_;
  std::unique_ptr<AeadEngine> engine_;
  const bool join_;
  std::size_t mtu_ = kDefaultMtu;  // for the batch
  std::vector<Routed> routed_;
  std::vector<Endpoint> endpoints_;  // one per run; OutgoingDatagram::to points here
  // In step: what was sent on. A peer may be freed before a send to it fails, its index tells.
  std::vector<SessionIndex> endpoint_sessions_;
  std::vector<FailedSend> failed_;
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
