// Which peer is due next. No timer ever scans the peers: only those with a deadline stand here,
// sorted.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/clock.h"
#include "device/peer.h"

namespace wring {

// Control thread only.
class TimerQueue {
 public:
  // Moves the peer to where its timers now put it.
  void update(Peer& peer) {
    const TimePoint deadline = peer.timers.next_deadline();
    if (deadline == peer.queued_deadline) return;
    remove(peer);
    if (deadline == kNever) return;
    queue_.emplace(std::pair(deadline, peer.serial), &peer);
    peer.queued_deadline = deadline;
  }
  void remove(Peer& peer) {
    if (peer.queued_deadline == kNever) return;
    queue_.erase({peer.queued_deadline, peer.serial});
    peer.queued_deadline = kNever;
  }
  [[nodiscard]] TimePoint next_deadline() const {
    return queue_.empty() ? kNever : queue_.begin()->first.first;
  }
  // The earliest peer with a deadline at or before `now`; null if there is none.
  [[nodiscard]] Peer* due(TimePoint now) const {
    return next_deadline() <= now ? queue_.begin()->second : nullptr;
  }

 private:
  // By deadline, then in the order of configuration: what happens never depends on addresses.
  std::map<std::pair<TimePoint, std::uint64_t>, Peer*> queue_;
};

}  // namespace wring
