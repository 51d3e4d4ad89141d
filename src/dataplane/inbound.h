// From the wire to the TUN: opens, checks and trims a batch of datagrams, in the order of P18.
// [WG] 5.4.6; the kernel's receive.c.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "crypto/aead_engine.h"
#include "ip/ip_packet.h"
#include "ip/packets.h"
#include "noise/messages.h"
#include "peer/handshake_queue.h"
#include "peer/shared_state.h"

namespace wring {

class Session;

// One per worker. Pure, except for the shared state that it reads under RCU.
class Inbound {
 public:
  // The result of a batch. Valid until the next call of process().
  struct Batch {
    std::span<const InnerPacket> packets;  // for the TUN, in order; they lie within the datagrams
    bool wake_control = false;  // handshakes were queued or peers put on the attention list
  };

  // Handshake messages go to `handshakes`. This object is its only producer.
  Inbound(SharedState& shared, HandshakeQueue& handshakes,
          std::unique_ptr<AeadEngine> engine = make_aead_engine());

  // Takes at most kMaxBatch datagrams, or rows that the kernel joined. Opens them in place.
  [[nodiscard]] Batch process(std::span<const ReceivedDatagram> datagrams, TimePoint now);

 private:
  struct Candidate {
    Session* session;
    const ReceivedDatagram* datagram;  // or the row that it is part of
    std::uint64_t counter;
    bool fresh = false;  // authentic, and not received before
  };

  void sort(const ReceivedDatagram& datagram, MutByteSpan payload, bool from_inside, TimePoint now);
  void queue_handshake(MessageType type, const Endpoint& from, ByteSpan payload);
  // Takes a run of datagrams of one session: locks its window once, looks at its peer once.
  void process_run(std::size_t first, std::size_t last, TimePoint now);
  // Takes the plaintext of an authentic, fresh datagram.
  void deliver(const Session& session, MutByteSpan plaintext, std::uint8_t outer_tos);

  SharedState& shared_;
  HandshakeQueue& handshakes_;
  std::unique_ptr<AeadEngine> engine_;
  std::vector<Candidate> candidates_;
  std::vector<OpenJob> jobs_;  // in step with candidates_
  std::vector<InnerPacket> packets_;
  bool wake_control_ = false;
};

}  // namespace wring
