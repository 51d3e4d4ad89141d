// The half of a peer that all threads share. The other half is DevicePeer (device/device_peer.h),
// which the control thread alone keeps.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/seqlock.h"
#include "crypto/keys.h"
#include "ip/endpoint.h"
#include "peer/attention_list.h"
#include "peer/peer_activity.h"
#include "peer/session.h"
#include "peer/staged_packets.h"

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
// Any thread may use all of it, except where a member says otherwise.
struct Peer {
  // `memory` outlives it.
  Peer(const PublicKey& key, std::uint64_t position, StagedMemory& memory)
      : public_key(key), serial(position), staged(memory) {}

  const PublicKey public_key;
  const std::uint64_t serial;  // order of configuration, for `wg show`
  // Where it is reached. The thread that authenticated its latest message writes it (P28).
  SeqLock<Endpoint> endpoint;
  // What is new about where a message came from.
  struct Heard {
    // It came another way than the one before, so that its source has to be checked
    // (SourceFollower).
    bool elsewhere = false;
    bool moved = false;  // from another address or port than was known
  };
  // An authentic message came from there (P28).
  [[nodiscard]] Heard hear_from(const Endpoint& from) {
    Endpoint known = endpoint.load();
    known.source_refused = 0;
    if (known == from) return {};
    endpoint.store(from);
    return {from.source_ifindex != 0, known.is_set() && !same_remote(known, from)};
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
  // A datagram does not leave without it either: there is no way at all, and the source is not at
  // fault. It stays, so that the peer is told when there is a way again.
  void put_source_back(const Endpoint& failed) {
    Endpoint without = failed;
    without.clear_source();
    endpoint.update([&](Endpoint& current) {
      if (current == without) current = failed;
    });
  }
  // The keypair to send on: null while there is none. Published by the control thread.
  std::atomic<Session*> sending{nullptr};
  // The keypair that the other side began, until it is promoted (P10). From the moment it is
  // confirmed it goes before `sending`: an answer may leave before the control thread gets to it,
  // and the other side may have lost the older keypair in a restart.
  std::atomic<Session*> sending_once_confirmed{nullptr};
  // The keypair to send on at `now`: null if there is none, or if it is too old. The caller is
  // online under RCU, or is the control thread.
  [[nodiscard]] Session* session_to_send_on(TimePoint now) const {
    // Acquire: the keys were written before the session was published. In this order, because the
    // control thread publishes them in the other one: who finds the new `next` finds the new
    // session, and the old `next` is the new session.
    Session* next = sending_once_confirmed.load(std::memory_order_acquire);
    Session* session = sending.load(std::memory_order_acquire);
    if (next != nullptr && next->is_confirmed()) session = next;
    return session != nullptr && session->can_send(now) ? session : nullptr;
  }
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
  [[nodiscard]] bool take_handshake_wish() {
    return wants_handshake.exchange(false, std::memory_order_acq_rel);
  }
  // Takes back a wish that is not followed, so that a later packet can ask again.
  void withdraw_handshake_wish() { static_cast<void>(take_handshake_wish()); }
  // Owned by AttentionList.
  std::atomic<std::uint32_t> attention{0};
  Peer* attention_next = nullptr;
};

}  // namespace wring
