// Peers that the control thread is to look at: a lock-free stack which each peer stands on at most
// once, so that it needs no memory, has no limit and loses nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace wring {

struct Peer;

// Why a peer wants attention.
enum class Attention : std::uint32_t {
  kNeedsHandshake = 1U << 0U,      // packets wait for a key, or the key in use is old (P8)
  kConfirmed = 1U << 1U,           // the first data came on the responder's new session (P10)
  kWatchAwaitingReply = 1U << 2U,  // data was sent: the timer of P9 starts
  kWatchOwingReply = 1U << 3U,     // data came: the passive keepalive of P26 is armed
  kNeedsLastMinuteKey = 1U << 4U,  // a key older than 165 s still receives (P8)
  kHeardElsewhere = 1U << 5U,      // it was heard on another way than before (P29)
  kMoved = 1U << 6U                // it was heard from another address or port (P28)
};

// Any number of them.
class AttentionReasons {
 public:
  constexpr AttentionReasons() = default;
  // Implicit, because one reason is a set, too.
  constexpr AttentionReasons(Attention one) : bits_(static_cast<std::uint32_t>(one)) {}
  static constexpr AttentionReasons from_bits(std::uint32_t bits) {
    AttentionReasons reasons;
    reasons.bits_ = bits;
    return reasons;
  }

  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool has(Attention one) const {
    return (bits_ & static_cast<std::uint32_t>(one)) != 0;
  }
  constexpr AttentionReasons& operator|=(AttentionReasons others) {
    bits_ |= others.bits_;
    return *this;
  }
  friend constexpr AttentionReasons operator|(AttentionReasons a, AttentionReasons b) {
    return a |= b;
  }
  constexpr bool operator==(const AttentionReasons&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

class AttentionList {
 public:
  // Any thread that may use the peer. True: the list was empty, wake the control thread.
  [[nodiscard]] bool push(Peer& peer, AttentionReasons why);

  [[nodiscard]] bool empty() const { return head_.load(std::memory_order_relaxed) == nullptr; }

  // Takes everything off and calls visit(peer, why) for each. Control thread only.
  template <typename Visit>
  void drain(Visit&& visit) {
    Peer* peer = take_all();
    while (peer != nullptr) {
      AttentionReasons why;
      Peer* next = unlink(*peer, why);
      visit(*peer, why);
      peer = next;
    }
  }

 private:
  Peer* take_all();
  // The successor is read before the peer's bits are cleared: from then on a worker may push it
  // again.
  static Peer* unlink(Peer& peer, AttentionReasons& why);

  std::atomic<Peer*> head_{nullptr};
};

}  // namespace wring
