// A WireGuard device without its descriptors: identity, peers, handshakes, timers. Time and entropy
// are arguments, what is to be sent goes to a DatagramSender, so that a simulation runs the very
// code that the daemon runs. The kernel's `struct wg_device` with noise.c, timers.c and the
// handshake half of receive.c and send.c.
//
// Everything here belongs to the control thread. Workers touch only SharedState and, through it,
// the upper part of Peer and Session.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "device/handshake_job.h"
#include "device/handshake_load.h"
#include "device/peer.h"
#include "device/shared_state.h"
#include "device/source_follower.h"
#include "device/timer_queue.h"
#include "ip/packets.h"
#include "noise/cookie.h"
#include "noise/identity.h"
#include "tables/rate_limiter.h"

namespace wring {

// Both clocks, read together: protocol time and the wall clock of TAI64N and `wg`.
struct Instant {
  TimePoint boot;
  WallTime wall;
};

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
};

class Device {
 public:
  using Observer = std::function<void(const Peer&, DeviceEvent)>;
  using EphemeralObserver = std::function<void(const Peer&, const PrivateKey& ephemeral)>;

  // Without an executor a job runs at once, where it is made: nothing is ever under way.
  Device(SharedState& shared, Rng& rng, DatagramSender& sender,
         HandshakeExecutor* executor = nullptr);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Once, before the first handshake: so many workers share the sockets.
  void set_workers(unsigned workers) { workers_ = workers; }
  // Called within whatever made it happen; it changes nothing here.
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Given the ephemeral key of each handshake message, just before it leaves: for a key log.
  void set_ephemeral_observer(EphemeralObserver observer) {
    ephemeral_observer_ = std::move(observer);
  }

  // --- Configuration (device_config.cpp) ---

  // All zeros: no key, the device neither sends nor answers. A peer that has our own public key is
  // removed; the sessions in use are not sent on any more (P16). The first key of a device that is
  // up sends what waited for it, persistent keepalives included (P27).
  void set_private_key(PrivateKey key, Instant now);
  [[nodiscard]] const LocalIdentity* identity() const { return identity_.get(); }

  [[nodiscard]] Peer* find_peer(const PublicKey& key) const;
  // The caller has checked that it is not there and is not ourselves.
  Peer& add_peer(const PublicKey& key);
  void remove_peer(Peer& peer);
  void remove_all_peers();
  // Peers by serial number, in the order they were configured.
  [[nodiscard]] const std::map<std::uint64_t, Peer*>& peers() const { return by_serial_; }

  // Counts from the next handshake on (P15).
  static void set_preshared_key(Peer& peer, PresharedKey key) {
    peer.preshared_key = std::move(key);
  }
  static void set_endpoint(Peer& peer, const Endpoint& endpoint) { peer.endpoint.store(endpoint); }
  // 0: off. From off to on sends one at once (P27).
  void set_persistent_keepalive(Peer& peer, std::uint16_t seconds, Instant now);
  // After a peer was edited: what could not go before may go now.
  void send_staged(Peer& peer, Instant now);

  // The interface went up or down. Down drops every session and stages nothing; it sends nothing
  // (the kernel's wg_open and wg_stop).
  void bring_up(Instant now);
  void bring_down();
  [[nodiscard]] bool is_up() const { return up_; }
  // Port or fwmark changed: the ways that peers were reached on are void (P29).
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
  // False while as many jobs are with the executor as may be. Messages that wait stay in the queue,
  // so that its length shows the load.
  [[nodiscard]] bool takes_initiations() const {
    return answering_jobs_ < kMaxAnsweringJobs && has_room_for_job();
  }
  [[nodiscard]] bool takes_answers() const { return has_room_for_job(); }
  // Takes back what the executor has run (device_complete.cpp).
  void complete(std::unique_ptr<HandshakeJob> job, Instant now);
  // How full the queue of handshakes is. It shows the load (P32).
  void note_queue_depth(std::size_t depth, TimePoint now) { load_.note_queue_depth(depth, now); }
  // Peers that workers pointed at.
  void handle_attention(Instant now);
  void handle_timeout(Instant now);
  [[nodiscard]] TimePoint next_deadline() const;

  // Frees what was removed, once no worker can see it. Call once a loop.
  void reclaim();

 private:
  enum class Retry : bool { kNo, kYes };

  // Handshakes (device_handshake.cpp).
  void handle_initiation(ByteSpan bytes, const Endpoint& from, Instant now);
  void handle_response(ByteSpan bytes, const Endpoint& from, Instant now);
  void handle_cookie_reply(ByteSpan bytes, Instant now);
  // True: go on. Otherwise the message was dropped, counted, or answered by a cookie.
  bool admit(ByteSpan bytes, const Endpoint& from, SessionIndex sender, Instant now);
  // Drops a message after work was spent on it, and counts it towards the load (HandshakeLoad).
  void refuse(DropReason why, TimePoint now);
  void want_handshake(Peer& peer, Instant now, Retry retry);
  void begin_initiation(Peer& peer, Instant now);
  void send_handshake_message(Peer& peer, MutByteSpan message, Instant now);
  void submit(HandshakeJob job, Instant now);
  [[nodiscard]] bool has_room_for_job() const { return jobs_under_way_ < kMaxHandshakeJobs; }
  // Begins the handshakes that waited for room, in the order in which they were wanted.
  void begin_waiting(Instant now);
  void drop_sent_initiation(Peer& peer);
  // An index that nobody uses, by which the peer's messages come to the peer's worker.
  SessionIndex fresh_index(const Peer& peer);
  void begin_session(Peer& peer, TransportKeys keys, TimePoint now);
  // Of two handshakes that cross, that of the greater public key wins: both ends agree on it.
  [[nodiscard]] bool theirs_wins(const Peer& peer) const;
  void complete_handshake(Peer& peer, Instant now);
  void confirm_next(Peer& peer, Instant now);

  // What came of a job (device_complete.cpp).
  void take_back(HandshakeJob& job, Instant now);
  // It is looked at as if the message had come just now.
  void complete(IdentifyWork& work, const Endpoint& from, Instant now);
  void complete(AnswerWork& work, const Endpoint& from, Instant now);
  void complete(InitiateWork& work, const Endpoint& from, Instant now);
  void complete(FinishWork& work, const Endpoint& from, Instant now);
  // The secret of a peer as a job found or made it; false, and nothing more is tried with this
  // peer, if there is none.
  static bool keep_static_static(Peer& peer, StaticStatic& secret);
  [[nodiscard]] static StaticStatic static_static_of(const Peer& peer);
  [[nodiscard]] Peer* find_peer(std::uint64_t serial) const;
  // The device can send now: what waited for that leaves, and a persistent keepalive (P27).
  void start(Peer& peer, Instant now);

  // Sessions and sending (device_send.cpp).
  void publish_sending(Peer& peer, Session* session);
  void retire(Keypairs::Dropped dropped);
  void clear_keys(Peer& peer);
  // If there is no session to send it on, a handshake is begun, if one can be.
  void send_keepalive(Peer& peer, Instant now);
  // An empty packet is a keepalive.
  void send_sealed(Peer& peer, Session& session, ByteSpan packet, TimePoint now);
  int send_to(Peer& peer, OutgoingDatagram datagram);

  // Routes (device_routes.cpp).
  void hear(Peer& peer, const Endpoint& from, TimePoint now);
  void check_source_if_wanted(Peer& peer, TimePoint now);
  void check_sources(Instant now);

  // Timers (device_timers.cpp).
  void on_timer(Peer& peer, Timer timer, Instant now);
  void on_retransmit(Peer& peer, Instant now);
  void on_passive_keepalive(Peer& peer, Instant now);
  void on_new_handshake(Peer& peer, Instant now);
  void on_persistent_keepalive(Peer& peer, Instant now);
  void arm_from(Peer& peer, Timer timer, TimePoint since, Duration delay);
  void arm_zero_keys(Peer& peer, TimePoint now);
  void arm_persistent_keepalive(Peer& peer, TimePoint now);
  Duration jitter();

  void tell(const Peer& peer, DeviceEvent event) const {
    if (observer_) observer_(peer, event);
  }

  SharedState& shared_;
  Rng& rng_;
  DatagramSender& sender_;
  HandshakeExecutor* const executor_;
  unsigned workers_ = 1;
  std::size_t jobs_under_way_ = 0;
  std::size_t answering_jobs_ = 0;  // of these, those that work on an initiation of a peer
  // Serial numbers of peers whose handshake waits for room; each at most once.
  std::deque<std::uint64_t> waiting_to_begin_;
  // Shared with the jobs under way, which may outlast it.
  std::shared_ptr<const LocalIdentity> identity_;
  MacChecker mac_checker_;
  RateLimiter rate_limiter_;
  HandshakeLoad load_;
  bool up_ = false;
  std::uint64_t next_serial_ = 1;
  std::unordered_map<PublicKey, std::unique_ptr<Peer>, PublicKeyHash> by_key_{0,
                                                                              PublicKeyHash(rng_)};
  std::map<std::uint64_t, Peer*> by_serial_;
  // Handshakes that wait for their response, by our index.
  std::unordered_map<SessionIndex, Peer*> awaiting_response_;
  TimerQueue queue_;
  std::optional<SourceFollower> follower_;
  std::vector<std::uint8_t> seal_buffer_;
  Observer observer_;
  EphemeralObserver ephemeral_observer_;
};

}  // namespace wring
