// Peers that the control thread is to look at: a lock-free stack which each peer stands on at most
// once, so that it needs no memory, has no limit and loses nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace wring {

struct Peer;

// Why a peer wants attention; bits.
enum Attention : std::uint32_t {
  kNeedsHandshake = 1U << 0U,      // packets wait for a key, or the key in use is old (P8)
  kConfirmed = 1U << 1U,           // the first data came on the responder's new session (P10)
  kWatchUnanswered = 1U << 2U,     // data was sent: the timer of P9 starts
  kWatchUnreplied = 1U << 3U,      // data came: the passive keepalive of P26 is armed
  kNeedsLastMinuteKey = 1U << 4U,  // a key older than 165 s still receives (P8)
  kHeardElsewhere = 1U << 5U       // it was heard on another way than before (P29)
};

class AttentionList {
 public:
  // Any thread that may use the peer. True: the list was empty, wake the control thread.
  [[nodiscard]] bool push(Peer& peer, std::uint32_t why);

  [[nodiscard]] bool empty() const { return head_.load(std::memory_order_relaxed) == nullptr; }

  // Takes everything off and calls visit(peer, why) for each. Control thread only.
  template <typename Visit>
  void drain(Visit&& visit) {
    Peer* peer = take_all();
    while (peer != nullptr) {
      std::uint32_t why = 0;
      Peer* next = unlink(*peer, why);
      visit(*peer, why);
      peer = next;
    }
  }

 private:
  Peer* take_all();
  // The successor is read before the peer's bits are cleared: from then on a worker may push it
  // again.
  static Peer* unlink(Peer& peer, std::uint32_t& why);

  std::atomic<Peer*> head_{nullptr};
};

}  // namespace wring
