// A WireGuard device without its descriptors: identity, peers, handshakes, timers. Time and entropy
// are arguments, and datagrams go to a DatagramSender. So a simulation runs the same code as the
// daemon. In the kernel this is `struct wg_device` with noise.c, timers.c and the handshake half of
// receive.c and send.c.
//
// Everything here belongs to the control thread. Workers touch only SharedState and, through it,
// Peer and Session.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "device/device_peer.h"
#include "device/engine_counts.h"
#include "device/handshake_job.h"
#include "device/handshake_load.h"
#include "device/handshake_slots.h"
#include "device/peer_table.h"
#include "device/source_follower.h"
#include "device/timer_queue.h"
#include "ip/packets.h"
#include "noise/cookie.h"
#include "noise/identity.h"
#include "peer/shared_state.h"
#include "tables/rate_limiter.h"

namespace wring {

// Sends what the control thread makes: handshakes, keepalives and packets that were staged.
class DatagramSender {
 public:
  DatagramSender() = default;
  DatagramSender(const DatagramSender&) = delete;
  DatagramSender& operator=(const DatagramSender&) = delete;
  virtual ~DatagramSender() = default;
  // Returns 0 or the errno; the bytes are not needed after the return.
  virtual int send(const OutgoingDatagram& datagram) = 0;
};

// What happened to a peer, for logs and tests.
enum class DeviceEvent {
  kInitiationSent,
  kInitiationReceived,
  kResponseReceived,
  kSessionConfirmed,
  kHandshakeGivenUp,
  kKeepaliveSent,
  kKeysZeroed,
  kSourceRefused,
  kSourceMovedOn,
  kSourceTakenBack,
  kHandshakeCompleted,  // a session can be sent on, whichever side began it
  kMoved,               // heard from another address or port
  kLost,                // told once: no answer for 15 s, or nothing heard for 540 s
  kBack,                // after kLost
};

class Device {
 public:
  using Observer = std::function<void(const Peer&, DeviceEvent)>;
  using EphemeralObserver = std::function<void(const DevicePeer&, const PrivateKey& ephemeral)>;

  // Without an executor a job runs at once, where it is made: nothing is ever under way.
  Device(SharedState& shared, Rng& rng, DatagramSender& sender,
         HandshakeExecutor* executor = nullptr);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Once, before the first handshake: so many workers share the sockets.
  void set_workers(unsigned workers) { workers_ = workers; }
  // Called while the event happens. The observer must not change the device.
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Given the ephemeral key of each handshake message, just before it leaves: for a key log.
  void set_ephemeral_observer(EphemeralObserver observer) {
    ephemeral_observer_ = std::move(observer);
  }

  // --- Configuration (device_peers.cpp) ---

  // All zeros: no key, the device neither sends nor answers. A peer that has our own public key is
  // removed; the sessions in use are not sent on any more (P16). The first key of a device that is
  // up sends what waited for it, persistent keepalives included (P27).
  void set_private_key(PrivateKey key, Instant now);
  [[nodiscard]] const LocalIdentity* identity() const { return identity_.get(); }

  [[nodiscard]] DevicePeer* find_peer(const PublicKey& key) const { return peers_.find(key); }
  // A peer that has our own public key is not added (P38), and goes when the key becomes ours.
  [[nodiscard]] bool is_ourselves(const PublicKey& key) const {
    return identity_ != nullptr && identity_->public_key() == key;
  }
  // It is not there yet, and is not ourselves.
  DevicePeer& add_peer(const PublicKey& key);
  void remove_peer(DevicePeer& peer);
  void remove_all_peers();
  // Without what others keep: the tables, the workers, and the threads.
  [[nodiscard]] const EngineCounts& counts() const { return counts_; }
  // Peers by serial number, in the order they were configured.
  [[nodiscard]] const PeerTable::InOrder& peers() const { return peers_.in_order(); }

  // Counts from the next handshake on (P15).
  static void set_preshared_key(DevicePeer& peer, PresharedKey key) {
    peer.preshared_key = std::move(key);
  }
  static void set_endpoint(DevicePeer& peer, const Endpoint& endpoint) {
    peer.endpoint.store(endpoint);
  }
  // 0: off. From off to on sends one at once (P27).
  void set_persistent_keepalive(DevicePeer& peer, std::uint16_t seconds, Instant now);
  // After a peer was edited: sends packets that could not leave before.
  void send_staged(DevicePeer& peer, Instant now);

  // The interface went up or down. Down drops every session and stages nothing; it sends nothing
  // (the kernel's wg_open and wg_stop).
  void bring_up(Instant now);
  void bring_down();
  [[nodiscard]] bool is_up() const { return up_; }
  // Port or fwmark changed: the sources of all peers are forgotten (P29).
  void forget_sources();

  // --- Routes (device_routes.cpp) ---

  // Once, before anything is heard. Without it every source is kept until a send on it fails.
  void follow_routes(RouteOracle& routes) { follower_.emplace(routes); }
  void on_routes_changed();
  // True while on_routes_changed() is of use: false while the sources are looked through.
  [[nodiscard]] bool listens_to_routes() const { return follower_ && follower_->listens(); }

  // --- Input ---

  // A handshake message as a worker found it (type and size are checked), from the bounded queue.
  // To be called with an initiation only while takes_initiations(), with another message only while
  // takes_answers().
  void handle_handshake(ByteSpan message, const Endpoint& from, Instant now);
  // False while the executor has as many jobs as it may have. Messages that wait stay in the queue,
  // so that its length shows the load.
  [[nodiscard]] bool takes_initiations() const { return slots_.has_room_for_initiation(); }
  [[nodiscard]] bool takes_answers() const { return slots_.has_room(); }
  // Takes back what the executor has run.
  void complete(std::unique_ptr<HandshakeJob> job, Instant now);
  // How full the queue of handshakes is. It shows the load (P32).
  void note_queue_depth(std::size_t depth, TimePoint now) { load_.note_queue_depth(depth, now); }
  [[nodiscard]] bool is_under_load(TimePoint now) const { return load_.is_under_load(now); }
  // Peers that workers pointed at.
  void handle_attention(Instant now);
  void handle_timeout(Instant now);
  // When the next of these is due. TimePoint{}: at once.
  [[nodiscard]] TimePoint next_deadline() const;

  // Frees what was removed, once no worker can see it. Call once a loop.
  void reclaim();

  // For the simulation and the fuzzers: the rule that the state breaks, in words; empty if it
  // breaks none. Takes a look at every peer (device_invariants.cpp).
  [[nodiscard]] std::string check_invariants() const;

 private:
  enum class Retry : bool { kNo, kYes };

  // Handshakes (device_handshake.cpp).
  // True: go on. Otherwise the message was dropped, counted, or answered by a cookie.
  bool admit(ByteSpan bytes, const Endpoint& from, SessionIndex sender, Instant now);
  // Drops a message with a good mac1, and counts it towards the load (HandshakeLoad).
  void refuse(DropReason why, TimePoint now);
  void handle_cookie_reply(ByteSpan bytes, Instant now);
  void submit(HandshakeJob job, Instant now);
  // Looks at the result of a job as if the message had come just now.
  void take_back(HandshakeJob& job, Instant now);
  // The secret of a peer as a job found or made it; false, and nothing more is tried with this
  // peer, if there is none.
  static bool keep_static_static(DevicePeer& peer, StaticStatic& secret);
  [[nodiscard]] static StaticStatic static_static_of(const DevicePeer& peer);
  void send_handshake_message(DevicePeer& peer, MutByteSpan message, Instant now);

  // Those that we begin (device_initiator.cpp).
  void want_handshake(DevicePeer& peer, Instant now, Retry retry);
  void begin_initiation(DevicePeer& peer, Instant now);
  // Begins the handshakes that waited for room, in the order in which they were wanted.
  void begin_waiting(Instant now);
  void complete(InitiateWork& work, const Endpoint& from, Instant now);
  void handle_response(ByteSpan bytes, const Endpoint& from, Instant now);
  void complete(FinishWork& work, const Endpoint& from, Instant now);
  void drop_sent_initiation(DevicePeer& peer);
  // Those that the other side begins (device_responder.cpp).
  void handle_initiation(ByteSpan bytes, const Endpoint& from, Instant now);
  void complete(IdentifyWork& work, const Endpoint& from, Instant now);
  void complete(AnswerWork& work, const Endpoint& from, Instant now);

  // Sessions (device_sessions.cpp).
  // An index that nobody uses, by which the peer's messages come to the peer's worker.
  SessionIndex fresh_index(const DevicePeer& peer);
  void begin_session(DevicePeer& peer, TransportKeys keys, TimePoint now);
  // Of two handshakes that cross, that of the greater public key wins: both ends agree on it.
  [[nodiscard]] bool theirs_wins(const DevicePeer& peer) const;
  void complete_handshake(DevicePeer& peer, Instant now);
  void lose(DevicePeer& peer);
  void confirm_next(DevicePeer& peer, Instant now);
  void publish_sending(DevicePeer& peer, Session* session);
  void retire(Keypairs::Dropped dropped);
  void clear_keys(DevicePeer& peer);

  // Sending (device_sending.cpp).
  // Sends what is staged. Returns how many packets that were.
  std::size_t flush_staged(DevicePeer& peer, Session& session, Instant now);
  // Staged packets instead, if there are any. If there is no session to send it on, a handshake is
  // begun, if one can be.
  void send_keepalive(DevicePeer& peer, Instant now);
  // An empty packet is a keepalive.
  void send_sealed(DevicePeer& peer, Session& session, ByteSpan packet, TimePoint now);
  int send_to(DevicePeer& peer, OutgoingDatagram datagram);

  // Peers (device_peers.cpp).
  // The device can send now: sends the packets that waited, and a persistent keepalive (P27).
  void start(DevicePeer& peer, Instant now);

  // Attention (device_attention.cpp).
  void attend(DevicePeer& peer, AttentionReasons why, Instant now);

  // Routes (device_routes.cpp).
  void hear(DevicePeer& peer, const Endpoint& from, TimePoint now);
  void note_move(const DevicePeer& peer);
  void check_source_if_wanted(DevicePeer& peer, TimePoint now);
  void check_sources(Instant now);

  // Timers (device_timers.cpp).
  void on_timer(DevicePeer& peer, Timer timer, Instant now);
  void on_retransmit(DevicePeer& peer, Instant now);
  void on_passive_keepalive(DevicePeer& peer, Instant now);
  void on_new_handshake(DevicePeer& peer, Instant now);
  void on_persistent_keepalive(DevicePeer& peer, Instant now);
  void arm_from(DevicePeer& peer, Timer timer, TimePoint since, Duration delay);
  void arm_zero_keys(DevicePeer& peer, TimePoint now);
  void arm_persistent_keepalive(DevicePeer& peer, TimePoint now);
  Duration jitter();

  void tell(const Peer& peer, DeviceEvent event) const {
    if (observer_) observer_(peer, event);
  }

  SharedState& shared_;
  Rng& rng_;
  DatagramSender& sender_;
  HandshakeExecutor* const executor_;
  unsigned workers_ = 1;
  HandshakeSlots slots_;
  // Serial numbers of peers whose handshake waits for room; each at most once.
  std::deque<std::uint64_t> waiting_to_begin_;
  // Shared with the jobs under way, which may outlast it.
  std::shared_ptr<const LocalIdentity> identity_;
  MacChecker mac_checker_;
  RateLimiter rate_limiter_;
  HandshakeLoad load_;
  bool up_ = false;
  // Since the last reclaim(). To be set wherever a peer is retired: the attention list may hold it.
  bool peers_retired_ = false;
  PeerTable peers_;
  // Handshakes that wait for their response, by our index.
  std::unordered_map<SessionIndex, DevicePeer*> awaiting_response_;
  TimerQueue timers_;
  std::optional<SourceFollower> follower_;
  std::vector<std::uint8_t> seal_buffer_;
  EngineCounts counts_;
  Observer observer_;
  EphemeralObserver ephemeral_observer_;
};

}  // namespace wring
