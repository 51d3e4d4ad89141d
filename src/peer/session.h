// One keypair in use: the transport keys that a handshake made, the counter to send with and the
// window against replays. [WG] 5.4.5, 5.4.6; the kernel's `struct noise_keypair`.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"
#include "base/mutex.h"
#include "noise/handshake.h"
#include "peer/protocol_constants.h"
#include "peer/replay_window.h"

namespace wring {

struct Peer;

// Made and freed (through RCU) by the control thread; used by every worker.
class Session {
 public:
  Session(Peer& owner, TransportKeys keys, TimePoint now)
      : peer_(owner), keys_(std::move(keys)), created_at_(now), unconfirmed_(!keys_.is_initiator) {}

  [[nodiscard]] Peer& peer() const { return peer_; }
  [[nodiscard]] const TransportKeys& keys() const { return keys_; }
  [[nodiscard]] TimePoint created_at() const { return created_at_; }

  // False past REJECT_AFTER_TIME or REJECT_AFTER_MESSAGES: nothing is sent on it any more. P8
  [[nodiscard]] bool can_send(TimePoint now) const {
    return now - created_at_ < kRejectAfterTime &&
           send_counter_.load(std::memory_order_relaxed) < kRejectAfterMessages;
  }
  [[nodiscard]] bool can_receive(TimePoint now) const {
    return now - created_at_ < kRejectAfterTime;
  }
  // True once this side is to ask for a new key because it sends on this one. P8
  [[nodiscard]] bool wants_rekey_on_send(TimePoint now) const {
    return send_counter_.load(std::memory_order_relaxed) > kRekeyAfterMessages ||
           (keys_.is_initiator && now - created_at_ >= kRekeyAfterTime);
  }
  // The same for a side that only receives. P8
  [[nodiscard]] bool wants_rekey_on_receive(TimePoint now) const {
    return keys_.is_initiator && now - created_at_ >= kRekeyAfterTimeReceiving;
  }

  // Takes `wanted` consecutive counters and returns how many it got, from `first` on: fewer only at
  // REJECT_AFTER_MESSAGES. Any thread.
  std::size_t reserve_counters(std::size_t wanted, std::uint64_t& first);

  // The replay window, guarded so that it holds whichever worker a datagram came to. Take the lock
  // once for a run of datagrams.
  [[nodiscard]] Mutex& window_mutex() WRING_RETURN_CAPABILITY(window_mutex_) {
    return window_mutex_;
  }
  [[nodiscard]] ReplayWindow& window() WRING_REQUIRES(window_mutex_) { return window_; }

  // The responder's session waits for the first authentic data before it is sent on (P10). Called
  // for authentic data that arrived at `now`; true for the one caller that ends that wait.
  bool confirm(TimePoint now) {
    return unconfirmed_.load(std::memory_order_acquire) &&
           now >= confirmable_from_.load(std::memory_order_relaxed) &&
           unconfirmed_.exchange(false, std::memory_order_acq_rel);
  }
  // Control thread: begins the wait anew. Data that arrives before `from` does not end it.
  void await_confirmation(TimePoint from) {
    // The time is written first, and confirm() reads it last.
    confirmable_from_.store(from, std::memory_order_relaxed);
    unconfirmed_.store(true, std::memory_order_release);
  }
  [[nodiscard]] bool is_confirmed() const { return !unconfirmed_.load(std::memory_order_acquire); }

  // True for the first caller past 165 s: the control thread is told once (P8).
  bool ask_last_minute_key() {
    return !asked_last_minute_key_.load(std::memory_order_relaxed) &&
           !asked_last_minute_key_.exchange(true, std::memory_order_relaxed);
  }

  // Control thread: our private key changed, nothing more is sent on this (P16).
  void forbid_sending() { may_be_sent_on_ = false; }
  [[nodiscard]] bool may_be_sent_on() const { return may_be_sent_on_; }

  // Lets a test start near the limits.
  void set_send_counter_for_test(std::uint64_t counter) { send_counter_ = counter; }

 private:
  Peer& peer_;
  TransportKeys keys_;
  TimePoint created_at_;
  bool may_be_sent_on_ = true;
  std::atomic<bool> unconfirmed_;
  std::atomic<TimePoint> confirmable_from_{TimePoint{}};
  std::atomic<bool> asked_last_minute_key_{false};
  std::atomic<std::uint64_t> send_counter_{0};
  Mutex window_mutex_;
  ReplayWindow window_ WRING_GUARDED_BY(window_mutex_);
};

}  // namespace wring
