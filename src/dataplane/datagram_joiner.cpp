// Which datagrams of a batch leave in one send.
//
// A size that was proven to leave joined may come to be refused, if the path's MTU shrinks. The row
// is then sent again datagram by datagram, after the rest of its batch. A datagram of the same flow
// that the kernel did take in that batch (it left alone, or in a smaller size) overtakes the row,
// once, and the receiver sees what any path that changes shows it. It cannot be helped: io_uring
// has the whole batch when it reports the first failure. See
// docs/decisions/0027-refused-output.md.
#include "dataplane/datagram_joiner.h"

#include <utility>

#include "ip/ecn.h"
#include "peer/peer.h"

namespace wring {
namespace {

using enum PlannedDatagram::Joining;

// The kernel's UDP_MAX_SEGMENTS.
constexpr std::size_t kMaxJoined = 64;

OutgoingDatagram outgoing(const PlannedDatagram& first, ByteSpan payload, std::size_t segment_size,
                          std::span<const Endpoint> endpoints) {
  return {.payload = payload,
          .to = &endpoints[first.destination],
          .tos = static_cast<std::uint8_t>(first.marks & kEcnMask),
          .segment_size = static_cast<std::uint16_t>(segment_size),
          .hop_limit = static_cast<std::uint8_t>(first.marks >> kEcnBits)};
}

// True if `next` may leave in one send with what ends in `previous`, as far as these two tell.
bool may_follow(const PlannedDatagram& previous, const PlannedDatagram& next) {
  return next.destination == previous.destination && next.marks == previous.marks &&
         next.bytes.size() <= previous.bytes.size() &&
         previous.bytes.data() + previous.bytes.size() == next.bytes.data();
}

}  // namespace

DatagramJoiner::Limits DatagramJoiner::limits(const Peer& peer) const {
  return {.proven = peer.joined_sizes.proven.load(std::memory_order_relaxed),
          .refused = enabled_ ? peer.joined_sizes.refused.load(std::memory_order_relaxed) : 0};
}

std::span<const OutgoingDatagram> DatagramJoiner::join(std::span<const PlannedDatagram> planned,
                                                       std::span<const Endpoint> endpoints) {
  datagrams_.clear();
  join_proven(planned, endpoints);
  if (enabled_) try_last(planned, endpoints);
  return datagrams_;
}

void DatagramJoiner::join_proven(std::span<const PlannedDatagram> planned,
                                 std::span<const Endpoint> endpoints) {
  const PlannedDatagram* previous = nullptr;  // in the datagram at the back, if it may grow
  std::size_t count = 0;                      // of what is in there
  for (const PlannedDatagram& next : planned) {
    if (previous != nullptr && may_follow(*previous, next) && count < kMaxJoined) {
      OutgoingDatagram& last = datagrams_.back();
      const std::size_t size = previous->bytes.size();
      const std::size_t bytes = last.payload.size() + next.bytes.size();
      if (bytes <= kMaxUdpPayload) {
        last.payload = {last.payload.data(), bytes};
        last.segment_size = static_cast<std::uint16_t>(size);
        ++count;
        previous = next.bytes.size() < size ? nullptr : &next;  // a shorter one ends it
        continue;
      }
    }
    datagrams_.push_back(outgoing(next, next.bytes, 0, endpoints));
    previous = next.joining == kYes ? &next : nullptr;
    count = 1;
  }
}

// Joins the last datagrams if their size has not been tried. Only the last ones: what the kernel
// refuses is sent again one by one, after all the others, and none of its flow may overtake it.
void DatagramJoiner::try_last(std::span<const PlannedDatagram> planned,
                              std::span<const Endpoint> endpoints) {
  if (planned.size() < 2) return;
  std::size_t begin = planned.size() - 1;
  ByteSpan joined = planned[begin].bytes;
  std::size_t count = 1;
  for (; begin > 0 && count < kMaxJoined; --begin, ++count) {
    const PlannedDatagram& previous = planned[begin - 1];
    const std::size_t size = previous.bytes.size();
    if (previous.joining != kUntried || !may_follow(previous, planned[begin])) break;
    if (count > 1 && size != planned[begin].bytes.size()) break;
    if (joined.size() + size > kMaxUdpPayload) break;
    joined = {previous.bytes.data(), size + joined.size()};
  }
  if (count == 1) return;
  const PlannedDatagram& first = planned[begin];
  trial_ = {first.destination, static_cast<std::uint32_t>(first.bytes.size())};
  // Untried ones leave alone up to here.
  datagrams_.resize(datagrams_.size() - (count - 1));
  datagrams_.back() = outgoing(first, joined, first.bytes.size(), endpoints);
}

std::optional<DatagramJoiner::Trial> DatagramJoiner::take_successful_trial() {
  return std::exchange(trial_, std::nullopt);
}

}  // namespace wring
