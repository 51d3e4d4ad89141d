// The bounded queue of packets that wait for a key.
#include "device/staged_packets.h"

namespace wring {

std::size_t StagedPackets::Appender::push(ByteSpan packet) {
  std::unique_ptr<Queue>& queue = staged_.queue_;
  if (queue == nullptr) queue = std::make_unique<Queue>();
  std::size_t dropped = 0;
  if (queue->size() == kLimit) {
    queue->pop_front();
    dropped = 1;
  }
  queue->emplace_back(packet.begin(), packet.end());
  staged_.empty_.store(false, std::memory_order_release);
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
