// A peer as the control thread knows it. The shared half is Peer. Workers cannot name what is here,
// so the compiler says who may touch what.
#pragma once

#include <optional>

#include "base/clock.h"
#include "device/keypairs.h"
#include "device/peer_timers.h"
#include "device/route_oracle.h"
#include "noise/cookie.h"
#include "noise/handshake.h"
#include "peer/peer.h"

namespace wring {

// Control thread only.
struct DevicePeer final : Peer {
  DevicePeer(const PublicKey& key, std::uint64_t position, StagedMemory& memory)
      : Peer(key, position, memory), macs(key) {}

  bool removed = false;  // left the tables, waits to be freed
  PresharedKey preshared_key;
  std::uint16_t persistent_keepalive_s = 0;
  Keypairs keypairs;
  // The TimerQueue of the device arms and disarms them.
  [[nodiscard]] const PeerTimers& timers() const { return timers_; }

  // Made by the first job that needs it; an all-zero product (P17) leaves it empty and `unusable`
  // true.
  std::optional<SharedSecret> static_static;
  bool unusable = false;
  std::optional<SentInitiation> sent_initiation;
  bool waits_to_begin = false;       // a handshake is wanted and waits for room
  bool initiations_crossed = false;  // one of the peer's was answered since ours was sent
  MacStamper macs;
  Tai64n latest_timestamp_received;  // P5
  Tai64n latest_timestamp_sent;
  std::optional<TimePoint> last_initiation_consumed;
  std::optional<TimePoint> last_handshake_sent;  // initiation or response, P6
  unsigned handshake_retries = 0;
  std::optional<TimePoint> handshake_begun;  // the first initiation of the one under way left then
  bool is_lost = false;                      // and it was told
  TimePoint next_source_check{};             // a worker's wish waits until then
  bool source_check_deferred = false;        // one does
  // That the kernel chose when the source was last found to be refused.
  std::optional<RouteOracle::Way> chosen_way;
  bool sent_last_minute_handshake = false;
  std::optional<WallTime> last_handshake;  // P40

 private:
  friend class TimerQueue;

  PeerTimers timers_;
  TimePoint queued_deadline_ = kNever;  // its place in the queue
};

// The control thread's half of a peer that a table or a session led to: all of them are
// DevicePeers.
inline DevicePeer& of(Peer& peer) {
  return static_cast<DevicePeer&>(peer);
}

}  // namespace wring
