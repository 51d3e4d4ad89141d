// Arms the timers of all peers, and knows which peer is due next. No timer ever scans the peers:
// the queue holds only those with a deadline, sorted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "device/device_peer.h"

namespace wring {

// The only way to change a peer's timers, so that the queue always agrees with them. Control thread
// only.
class TimerQueue {
 public:
  void arm(DevicePeer& peer, Timer timer, TimePoint at) {
    peer.timers_.arm(timer, at);
    update(peer);
  }
  void disarm(DevicePeer& peer, Timer timer) {
    peer.timers_.disarm(timer);
    update(peer);
  }
  void disarm_all(DevicePeer& peer) {
    peer.timers_.disarm_all();
    update(peer);
  }
  // The peer's earliest timer that is due, disarmed by this. Call it again until it returns
  // nothing.
  [[nodiscard]] std::optional<Timer> take_due(DevicePeer& peer, TimePoint now) {
    const std::optional<Timer> timer = peer.timers_.take_due(now);
    update(peer);
    return timer;
  }

  [[nodiscard]] TimePoint next_deadline() const {
    return queue_.empty() ? kNever : queue_.begin()->first.first;
  }
  // The earliest peer with a deadline at or before `now`; null if there is none.
  [[nodiscard]] DevicePeer* due(TimePoint now) const {
    return next_deadline() <= now ? queue_.begin()->second : nullptr;
  }
  // How many peers have a deadline.
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  // Whether the peer is at the place that its timers give it: for Device::check_invariants().
  [[nodiscard]] bool agrees_with(const DevicePeer& peer) const {
    const TimePoint deadline = peer.timers_.next_deadline();
    if (deadline != peer.queued_deadline_) return false;
    const auto found = queue_.find({deadline, peer.serial});
    return deadline == kNever ? found == queue_.end()
                              : found != queue_.end() && found->second == &peer;
  }

 private:
  void update(DevicePeer& peer) {
    const TimePoint deadline = peer.timers_.next_deadline();
    if (deadline == peer.queued_deadline_) return;
    if (peer.queued_deadline_ != kNever) queue_.erase({peer.queued_deadline_, peer.serial});
    peer.queued_deadline_ = deadline;
    if (deadline != kNever) queue_.emplace(std::pair(deadline, peer.serial), &peer);
  }

  // By deadline, then in the order of configuration: what happens never depends on addresses.
  std::map<std::pair<TimePoint, std::uint64_t>, DevicePeer*> queue_;
};

}  // namespace wring
