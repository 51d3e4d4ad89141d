// From the TUN to the wire: route, seal, address a batch of packets. [WG] 5.4.6; the kernel's
// send.c.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "dataplane/icmp.h"
#include "dataplane/packets.h"
#include "dataplane/shared_state.h"
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

  explicit Outbound(SharedState& shared, std::unique_ptr<AeadEngine> engine = make_aead_engine());

  // At most kMaxBatch packets, each with kPacketTailRoom writable bytes behind it. Their bytes may
  // be changed.
  [[nodiscard]] Batch process(std::span<const TunPacket> packets, TimePoint now);
  // A send to `endpoint`, an OutgoingDatagram::to of the latest batch, failed: the next process()
  // makes its peer forget the source address (P29), unless the peer has moved on by then. May be
  // called while the thread holds no references under RCU.
  void source_failed(const Endpoint& endpoint) { failed_.push_back(&endpoint - endpoints_.data()); }

 private:
  struct Routed {
    Peer* peer;
    MutByteSpan packet;
    std::uint8_t ecn;
  };

  void forget_failed_sources();
  void route(const TunPacket& packet, TimePoint now);
  // A run of packets to one peer: one look at its session and endpoint, one addition to its
  // counter.
  void process_run(std::span<const Routed> run, TimePoint now);
  void add_datagram(const Session& session, std::uint64_t counter, const Routed& routed,
                    const Endpoint& to, std::size_t mtu);
  void stage(std::span<const Routed> run, TimePoint now);
  void reject(ByteSpan packet, DropReason reason, TimePoint now);
  void point_at(Peer& peer, std::uint32_t why);

  SharedState& shared_;
  std::unique_ptr<AeadEngine> engine_;
  std::vector<Routed> routed_;
  std::vector<Endpoint> endpoints_;  // one per run; OutgoingDatagram::to points here
  // In step: what was sent on. A peer may be freed before a send to it fails, its index tells.
  std::vector<SessionIndex> endpoint_sessions_;
  std::vector<std::ptrdiff_t> failed_;  // positions in endpoints_
  std::vector<SealJob> jobs_;
  std::vector<OutgoingDatagram> datagrams_;
  // Sealed datagrams stand here one behind the other. Not initialised, so that only what is used is
  // touched.
  std::unique_ptr<std::uint8_t[]> arena_;
  std::size_t arena_used_ = 0;
  // Answers to senders: few, and no more than so many a second.
  static constexpr std::size_t kMaxReplies = 8;
  std::array<std::array<std::uint8_t, kMaxIcmpError>, kMaxReplies> reply_storage_;
  std::vector<ByteSpan> replies_;
  TimePoint reply_window_start_{};
  unsigned replies_in_window_ = 0;
  bool wake_control_ = false;
};

}  // namespace wring
