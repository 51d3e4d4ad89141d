// Packets that wait for a key (P22).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>

#include "base/bytes.h"
#include "base/mutex.h"
#include "peer/staged_memory.h"

namespace wring {

// A queue of copies of packets, one for each peer. It holds no memory while it is empty.
// Thread-safe.
//
// No packet is left behind: a worker pushes, then expresses the peer's wish for a handshake and
// looks for a key. The control thread publishes a key, then withdraws the wish, and only then looks
// here. So a packet that it does not see is followed by a wish that it does. A worker that has a
// key but sees !empty() appends behind the packets that wait, so that no flow is reordered.
//
// There are two locks. The lock of the order is the queue's own: a worker holds it for a run of
// packets. The lock of the memory is that of all queues, because a packet that is pushed here may
// displace one there. It is held for single steps only, and taken last.
class StagedPackets {
 public:
  static constexpr std::size_t kLimit = 128;  // P22; when full, the oldest makes room

  // What was dropped to make room for a packet, or the packet itself.
  struct Dropped {
    std::size_t overflow = 0;  // of this queue, because it was full
    std::size_t no_room = 0;   // of any queue, because all of them together are too large
  };

  explicit StagedPackets(StagedMemory& memory) : memory_(memory) {}
  ~StagedPackets() { clear(); }
  StagedPackets(const StagedPackets&) = delete;
  StagedPackets& operator=(const StagedPackets&) = delete;

  // Holds the order, so that a run of packets is staged as a whole: the end of a flush comes before
  // it or after it, never in between.
  class WRING_SCOPED_CAPABILITY Appender {
   public:
    explicit Appender(StagedPackets& staged) WRING_ACQUIRE(staged.order_) : staged_(staged) {
      staged_.order_.lock();
    }
    ~Appender() WRING_RELEASE() { staged_.order_.unlock(); }
    Appender(const Appender&) = delete;
    Appender& operator=(const Appender&) = delete;

    // True: no packet waits any more, so a worker that has a key sends the run itself. If it staged
    // the run all the same, the next run would be staged behind that one, and so on for as long as
    // the traffic lasts.
    [[nodiscard]] bool is_empty() const { return staged_.empty(); }
    // Appends a copy.
    Dropped push(ByteSpan packet) { return staged_.append(packet); }

   private:
    StagedPackets& staged_;
  };
  Dropped push(ByteSpan packet) { return Appender(*this).push(packet); }
  // Without a lock: may be out of date at once. False until the last packet was handed out by
  // flush().
  [[nodiscard]] bool empty() const {
    // Acquire: a worker that sees the queue emptied sends after what flush() sent.
    return empty_.load(std::memory_order_acquire);
  }
  // Calls f(MutByteSpan) for every packet, oldest first, and returns how many. Workers may push
  // meanwhile: what they push is handed out, too. The last pass holds the order, so that it ends
  // however fast they are. It begins early if the queue fills up meanwhile: a worker waits then,
  // and no packet of a flow that has its key is dropped for room. Control thread.
  template <typename F>
  std::size_t flush(F f);
  // Drops everything and returns how many packets that were. Not within flush().
  std::size_t clear();

 private:
  friend class StagedMemory;
  using Packet = StagedMemory::Packet;

  // Passes without the lock of the order. What the last of them leaves is little, unless packets
  // are staged faster than they are sent.
  static constexpr int kOpenPasses = 3;

  Dropped append(ByteSpan packet);
  // Takes all packets out. They are leaving: empty() stays false until end_leaving().
  Packet* take();
  // Hands them out and frees them. Adds how many they were. With `until_crowded`, stops when
  // workers have staged half a queue meanwhile, and returns what is left.
  template <typename F>
  Packet* hand_out(Packet* first, F& f, std::size_t& count, bool until_crowded);
  // Frees the packets from `first` up to, not with, `end`.
  void free_all(Packet* first, const Packet* end);
  void end_leaving();
  void drop_oldest() WRING_REQUIRES(memory_.mutex_);
  void note_empty() WRING_REQUIRES(memory_.mutex_);

  StagedMemory& memory_;
  Mutex order_;
  Packet* first_ WRING_GUARDED_BY(memory_.mutex_) = nullptr;
  Packet* last_ WRING_GUARDED_BY(memory_.mutex_) = nullptr;
  std::uint32_t count_ WRING_GUARDED_BY(memory_.mutex_) = 0;
  std::uint32_t blocks_ WRING_GUARDED_BY(memory_.mutex_) = 0;  // of the memory
  std::list<StagedPackets*>::iterator place_;  // in the memory's list, while blocks_ is not 0
  bool leaving_ WRING_GUARDED_BY(memory_.mutex_) = false;
  std::atomic<bool> empty_{true};
  std::atomic<bool> crowded_{false};  // half of the limit was staged while others are leaving
};

template <typename F>
StagedPackets::Packet* StagedPackets::hand_out(Packet* first, F& f, std::size_t& count,
                                               bool until_crowded) {
  Packet* packet = first;
  // Relaxed: it says only that it is time to take the lock.
  while (packet != nullptr && !(until_crowded && crowded_.load(std::memory_order_relaxed))) {
    f(MutByteSpan(reinterpret_cast<std::uint8_t*>(packet + 1), packet->size));
    packet = packet->next;
    ++count;
  }
  free_all(first, packet);
  return packet;
}

template <typename F>
std::size_t StagedPackets::flush(F f) {
  std::size_t count = 0;
  Packet* left = nullptr;
  for (int pass = 0; pass < kOpenPasses && left == nullptr; ++pass) {
    const std::size_t before = count;
    left = hand_out(take(), f, count, true);
    if (count == before) break;
  }
  const MutexLock lock(order_);
  hand_out(left, f, count, false);
  hand_out(take(), f, count, false);
  end_leaving();
  return count;
}

}  // namespace wring
