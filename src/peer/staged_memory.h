// The memory in which the packets of all peers wait, with one limit for all. Without it, 128
// packets for each of 100,000 peers would take 18 GB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>

#include "base/block_memory.h"
#include "base/bytes.h"
#include "base/mutex.h"

namespace wring {

class StagedPackets;

// When the room is used up, a new packet takes the place of the oldest packet of the peer that has
// most. "Most" is exact to a factor of two, so that no peer has to be searched for. A peer keeps
// all its packets as long as another one stages at least twice as much. Thread-safe; outlives the
// queues.
class StagedMemory {
 public:
  // In bytes. 65,536 packets of up to 1,008 bytes, or 32,768 of up to 2,032.
  static constexpr std::size_t kLimit = 64U << 20;

  explicit StagedMemory(std::size_t limit = kLimit) : memory_(limit) {}

  // In bytes, with what is lost to rounding.
  [[nodiscard]] std::size_t in_use() {
    const MutexLock lock(mutex_);
    return memory_.blocks_in_use() * BlockMemory::kBlockSize;
  }
  // How many packets wait, of all peers.
  [[nodiscard]] std::size_t packets() {
    const MutexLock lock(mutex_);
    return packets_;
  }

 private:
  friend class StagedPackets;

  // In front of the bytes of a packet.
  struct Packet {
    Packet* next;
    std::size_t size;
  };
  static std::uint32_t blocks_of(const Packet& packet) {
    return static_cast<std::uint32_t>(BlockMemory::blocks_for(sizeof(Packet) + packet.size));
  }
  // By the blocks that a peer has: 1, 2 to 3, 4 to 7, ...
  static constexpr std::size_t kClasses = 14;
  using Queues = std::list<StagedPackets*>;

  // Null if there is no room even though others gave way.
  Packet* make(ByteSpan packet, std::size_t& dropped) WRING_REQUIRES(mutex_);
  void free(Packet* packet) WRING_REQUIRES(mutex_);
  // Drops the oldest packet of the peer that has most. False if nobody has one.
  bool drop_one() WRING_REQUIRES(mutex_);
  // `queue` has so many blocks now.
  void note_blocks(StagedPackets& queue, std::uint32_t blocks) WRING_REQUIRES(mutex_);

  Mutex mutex_;
  BlockMemory memory_ WRING_GUARDED_BY(mutex_);
  std::size_t packets_ WRING_GUARDED_BY(mutex_) = 0;
  std::array<Queues, kClasses> by_blocks_ WRING_GUARDED_BY(mutex_);
};

}  // namespace wring
