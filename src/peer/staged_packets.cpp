// The bounded queue of packets that wait for a key.
#include "peer/staged_packets.h"

#include <cassert>
#include <utility>

namespace wring {

StagedPackets::Dropped StagedPackets::append(ByteSpan packet) {
  Dropped dropped;
  const MutexLock lock(memory_.mutex_);
  if (count_ == kLimit) {
    drop_oldest();
    dropped.overflow = 1;
  }
  Packet* const made = memory_.make(packet, dropped.no_room);
  if (made == nullptr) {
    ++dropped.no_room;
  } else {
    (first_ == nullptr ? first_ : last_->next) = made;
    last_ = made;
    ++count_;
    memory_.note_blocks(*this, blocks_ + StagedMemory::blocks_of(*made));
    if (leaving_ && count_ >= kLimit / 2) crowded_.store(true, std::memory_order_relaxed);
  }
  note_empty();
  return dropped;
}

StagedPackets::Packet* StagedPackets::take() {
  const MutexLock lock(memory_.mutex_);
  leaving_ = true;
  crowded_.store(false, std::memory_order_relaxed);
  last_ = nullptr;
  count_ = 0;
  memory_.note_blocks(*this, 0);
  return std::exchange(first_, nullptr);
}

void StagedPackets::free_all(Packet* first, const Packet* end) {
  // A few at a time, because workers that stage for other peers wait for this lock.
  constexpr int kAtOnce = 16;
  while (first != end) {
    const MutexLock lock(memory_.mutex_);
    for (int n = 0; n < kAtOnce && first != end; ++n)
      memory_.free(std::exchange(first, first->next));
  }
}

void StagedPackets::end_leaving() {
  const MutexLock lock(memory_.mutex_);
  assert(first_ == nullptr);
  leaving_ = false;
  note_empty();
}

void StagedPackets::drop_oldest() {
  assert(first_ != nullptr && count_ != 0);
  Packet* const oldest = std::exchange(first_, first_->next);
  if (first_ == nullptr) last_ = nullptr;
  --count_;
  memory_.note_blocks(*this, blocks_ - StagedMemory::blocks_of(*oldest));
  memory_.free(oldest);
  note_empty();
}

void StagedPackets::note_empty() {
  empty_.store(first_ == nullptr && !leaving_, std::memory_order_release);
}

std::size_t StagedPackets::clear() {
  const MutexLock order(order_);
  const MutexLock lock(memory_.mutex_);
  assert(!leaving_);
  const std::size_t count = count_;
  while (first_ != nullptr)
    drop_oldest();
  return count;
}

}  // namespace wring
