// Packets that wait for a key (P22).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace wring {

// A queue of copies of packets, one for each peer, that costs 56 bytes while it is empty.
// Thread-safe.
//
// No packet is left behind: the control thread publishes a key, then flushes; a worker pushes, then
// checks for a key and wakes the control thread. Both take the lock, so one of the two sees the
// other. A worker that has a key but sees !empty() appends behind the packets that wait, so that no
// flow is reordered.
class StagedPackets {
 public:
  static constexpr std::size_t kLimit = 128;  // P22; when full, the oldest makes room

  // Holds the lock, so that a run of packets is staged as a whole: a flush comes before it or after
  // it, never in between.
  class Appender {
   public:
    explicit Appender(StagedPackets& staged) : staged_(staged), lock_(staged.mutex_) {}
    // True: no packet waits any more, so a worker that has a key sends the run itself. If it staged
    // the run all the same, the next run would be staged behind that one, and so on for as long as
    // the traffic lasts.
    [[nodiscard]] bool is_empty() const { return staged_.queue_ == nullptr; }
    // Appends a copy. Returns how many were dropped for it: 0 or 1.
    std::size_t push(ByteSpan packet);

   private:
    StagedPackets& staged_;
    const std::lock_guard<std::mutex> lock_;
  };
  std::size_t push(ByteSpan packet) { return Appender(*this).push(packet); }
  // Without the lock: may be out of date at once. False until the last packet was handed out by
  // flush().
  [[nodiscard]] bool empty() const {
    // Acquire: a worker that sees the queue emptied sends after what flush() sent.
    return empty_.load(std::memory_order_acquire);
  }
  // Calls f(MutByteSpan) for every packet, oldest first, and returns how many. Holds the lock
  // throughout, so that others wait or push behind: `f` must not call this object.
  template <typename F>
  std::size_t flush(F f);
  // Drops everything and returns how many packets that were.
  std::size_t clear();

 private:
  using Queue = std::deque<std::vector<std::uint8_t>>;

  std::mutex mutex_;
  std::unique_ptr<Queue> queue_;  // null when empty: even an empty deque holds half a kilobyte
  std::atomic<bool> empty_{true};
};

template <typename F>
std::size_t StagedPackets::flush(F f) {
  // The lock is taken even if empty() holds: only so is a push() that comes later sure to see the
  // key that was published before this call.
  const std::lock_guard lock(mutex_);
  if (queue_ == nullptr) return 0;
  const std::size_t count = queue_->size();
  for (std::vector<std::uint8_t>& packet : *queue_)
    f(MutByteSpan(packet));
  queue_.reset();
  empty_.store(true, std::memory_order_release);
  return count;
}

}  // namespace wring
