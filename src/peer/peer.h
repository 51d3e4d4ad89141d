// A peer: what the workers read of it, and what the control thread alone keeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/seqlock.h"
#include "device/attention_list.h"
#include "device/keypairs.h"
#include "device/peer_activity.h"
#include "device/peer_timers.h"
#include "device/staged_packets.h"
#include "ip/endpoint.h"
#include "noise/cookie.h"
#include "noise/handshake.h"

namespace wring {

// Whether the kernel takes many datagrams as one on the way to a peer (UDP_SEGMENT) depends on
// their size: it refuses those that are larger than the path's MTU, which would have to be
// fragmented. What is known of it, in bytes of a datagram, since the last handshake. Relaxed:
// hints, to which another worker may come late.
struct JoinedSizes {
  static constexpr std::uint32_t kNoneRefused = UINT32_MAX;

  std::atomic<std::uint32_t> proven{0};  // up to here they have left joined
  std::atomic<std::uint32_t> refused{kNoneRefused};

  void forget() {
    proven.store(0, std::memory_order_relaxed);
    refused.store(kNoneRefused, std::memory_order_relaxed);
  }
  void on_taken(std::uint32_t size) {
    if (size > proven.load(std::memory_order_relaxed)) {
      proven.store(size, std::memory_order_relaxed);
    }
  }
  void on_refused(std::uint32_t size) {
    refused.store(size, std::memory_order_relaxed);
    if (size <= proven.load(std::memory_order_relaxed)) proven.store(0, std::memory_order_relaxed);
  }
};

// Found by workers through AllowedIps and the sessions, freed through RCU after it has left both.
struct Peer {
  Peer(const PublicKey& key, std::uint64_t position)
      : public_key(key), serial(position), macs(key) {}

  // --- Any thread ---
  const PublicKey public_key;
  // Where it is reached. The thread that authenticated its latest message writes it (P28).
  SeqLock<Endpoint> endpoint;
  // An authentic message came from there (P28). True if it came another way than the one before,
  // so that its source has to be checked (SourceFollower).
  [[nodiscard]] bool hear_from(const Endpoint& from) {
    Endpoint known = endpoint.load();
    known.source_refused = 0;
    if (known == from) return false;
    endpoint.store(from);
    return from.source_ifindex != 0;
  }
  // A worker wants the source checked and told the control thread, which takes the wish back.
  std::atomic<bool> wants_source_check{false};
  // The way that it was reached on is void (P29).
  void forget_source() {
    endpoint.update([](Endpoint& current) { current.clear_source(); });
  }
  // The same, unless the endpoint has moved on from `failed` meanwhile.
  void forget_source_of(const Endpoint& failed) {
    endpoint.update([&failed](Endpoint& current) {
      if (current == failed) current.clear_source();
    });
  }
  // The keypair to send on: null while there is none. Published by the control thread.
  std::atomic<Session*> sending{nullptr};
  // The keypair that the other side began, until it is promoted (P10). From the moment it is
  // confirmed it goes before `sending`: an answer may leave before the control thread gets to it,
  // and the other side may have lost the older keypair in a restart.
  std::atomic<Session*> sending_once_confirmed{nullptr};
  JoinedSizes joined_sizes;
  StagedPackets staged;
  PeerActivity activity;
  // Bytes of UDP payload of authenticated messages (P25). Relaxed: they are sums for people to
  // read.
  std::atomic<std::uint64_t> rx_bytes{0};
  std::atomic<std::uint64_t> tx_bytes{0};
  // A packet wants a key and the control thread was told; it clears this each time it tries, so
  // that traffic that goes on keeps the attempts going on (P7).
  std::atomic<bool> wants_handshake{false};
  // Control thread: takes the wish back and returns whether there was one. Acquire: a packet that
  // was staged before it was expressed is seen staged; one that is staged later asks again.
  bool take_handshake_wish() { return wants_handshake.exchange(false, std::memory_order_acq_rel); }
  // Owned by AttentionList.
  std::atomic<std::uint32_t> attention{0};
  Peer* attention_next = nullptr;

  // --- Control thread ---
  const std::uint64_t serial;  // order of configuration, for `wg show`
  bool removed = false;        // left the tables, waits to be freed
  PresharedKey preshared_key;
  std::uint16_t persistent_keepalive_s = 0;
  Keypairs keypairs;
  PeerTimers timers;
  TimePoint queued_deadline = kNever;  // where it stands in the device's TimerQueue

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
  TimePoint next_source_check{};  // a worker's wish waits until then
  bool sent_last_minute_handshake = false;
  std::optional<WallTime> last_handshake;  // P40
};

}  // namespace wring
