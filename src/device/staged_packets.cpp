// The bounded queue of packets that wait for a key.
#include "device/staged_packets.h"

namespace wring {

std::size_t StagedPackets::push(ByteSpan packet) {
  const std::lock_guard lock(mutex_);
  if (queue_ == nullptr) queue_ = std::make_unique<Queue>();
  std::size_t dropped = 0;
  if (queue_->size() == kLimit) {
    queue_->pop_front();
    dropped = 1;
  }
  queue_->emplace_back(packet.begin(), packet.end());
  empty_.store(false, std::memory_order_release);
  return dropped;
}

std::size_t StagedPackets::clear() {
  const std::lock_guard lock(mutex_);
  if (queue_ == nullptr) return 0;
  const std::size_t count = queue_->size();
  queue_.reset();
  empty_.store(true, std::memory_order_release);
  return count;
}

}  // namespace wring
