// Joins datagrams of one size that follow each other into one send, which the kernel segments
// (UDP_SEGMENT), and remembers for each peer which sizes the kernel takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "ip/packets.h"

namespace wring {

struct Peer;

// A sealed datagram, or one about to be.
struct PlannedDatagram {
  // Whether it leaves joined with others to the same peer.
  enum class Joining : std::uint8_t { kNo, kUntried, kYes };

  MutByteSpan bytes;
  std::uint64_t counter;
  std::uint32_t destination;  // position among the endpoints of the batch
  std::uint8_t marks;         // ECN in the low two bits, the hop limit above
  Joining joining;
};

// One per worker; pure. The kernel refuses datagrams that are larger than the path's MTU, because a
// segment cannot be a fragment. So a size is tried once, and what came of it holds until the next
// handshake (JoinedSizes in peer/peer.h).
class DatagramJoiner {
 public:
  // What is known of a peer's path, for a batch. Sizes are bytes of a datagram.
  struct Limits {
    std::uint32_t proven;   // up to here they have left joined
    std::uint32_t refused;  // from here on the kernel does not join them
    [[nodiscard]] PlannedDatagram::Joining of(std::size_t size) const {
      using enum PlannedDatagram::Joining;
      return size <= proven ? kYes : size < refused ? kUntried : kNo;
    }
  };
  // Datagrams that were joined in the latest batch to see whether the kernel takes them.
  struct Trial {
    std::uint32_t destination;
    std::uint32_t size;
  };

  // If not `enabled`, every datagram leaves alone.
  explicit DatagramJoiner(bool enabled) : enabled_(enabled) {}

  [[nodiscard]] Limits limits(const Peer& peer) const;
  // What leaves, in the order of `planned`. Valid until the next call; points to `endpoints`.
  [[nodiscard]] std::span<const OutgoingDatagram> join(std::span<const PlannedDatagram> planned,
                                                       std::span<const Endpoint> endpoints);

  // A send to this destination failed, for whatever reason, so that a trial proves nothing.
  void on_failed_send(std::size_t destination) {
    if (trial_ && trial_->destination == destination) trial_.reset();
  }
  // The trial of the latest batch, if no failure was reported since: the kernel took it. Ends it.
  [[nodiscard]] std::optional<Trial> take_successful_trial();

 private:
  void join_proven(std::span<const PlannedDatagram> planned, std::span<const Endpoint> endpoints);
  void try_last(std::span<const PlannedDatagram> planned, std::span<const Endpoint> endpoints);

  const bool enabled_;
  std::optional<Trial> trial_;
  std::vector<OutgoingDatagram> datagrams_;
};

}  // namespace wring
