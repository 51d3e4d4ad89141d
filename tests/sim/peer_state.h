// What of a peer an outsider must not be able to change (P12).
#pragma once

#include <optional>

#include "device/device_peer.h"

namespace wring::test {

struct PeerState {
  explicit PeerState(const DevicePeer& peer)
      : endpoint(peer.endpoint.load()),
        sending(peer.sending.load()),
        previous(peer.keypairs.previous()),
        current(peer.keypairs.current()),
        next(peer.keypairs.next()),
        rx_bytes(peer.rx_bytes),
        tx_bytes(peer.tx_bytes),
        timestamp(peer.latest_timestamp_received),
        half_done(peer.sent_initiation ? peer.sent_initiation->local_index.value : 0),
        deadline(peer.timers().next_deadline()),
        last_handshake(peer.last_handshake) {}
  bool operator==(const PeerState&) const = default;

  Endpoint endpoint;
  const Session* sending;
  const Session* previous;
  const Session* current;
  const Session* next;
  std::uint64_t rx_bytes;
  std::uint64_t tx_bytes;
  Tai64n timestamp;
  std::uint32_t half_done;
  TimePoint deadline;
  std::optional<WallTime> last_handshake;
};

}  // namespace wring::test
