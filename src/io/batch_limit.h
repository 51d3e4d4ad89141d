// How many buffers the next batch of input may fill.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "ip/packets.h"

namespace wring {

// What a batch lies in is written by the kernel, read and changed by the worker, and read by the
// kernel again, and so is what the worker makes of it. All of that, and the buffers of the batch
// before, should stay in the second-level cache, of 1 to 2 MB: packets of 64 KB take a third less
// time in batches of 4 than in batches of 64. Small ones should come in large batches. So the last
// batch decides about the next one.
//
// The size of what comes next is not known: to have room for 64 packets after a lone small one
// would let a burst of large ones write to 4 MB that nothing needs again. So the limit at most
// doubles what came, and falls by halves.
class BatchLimit {
 public:
  [[nodiscard]] unsigned packets() const { return packets_; }

  void on_batch(std::span<const TunPacket> batch) {
    std::size_t bytes = 0;
    for (const TunPacket& packet : batch)
      bytes += packet.bytes.size();
    on_batch(batch.size(), bytes);
  }
  void on_batch(std::span<const ReceivedDatagram> batch) {
    std::size_t bytes = 0;
    for (const ReceivedDatagram& datagram : batch)
      bytes += datagram.payload.size();
    on_batch(batch.size(), bytes);
  }

 private:
  void on_batch(std::size_t packets, std::size_t bytes) {
    if (packets == 0) return;
    const std::size_t fitting = kCacheShare * packets / std::max<std::size_t>(bytes, 1);
    const std::size_t expected = std::max<std::size_t>(2 * packets, packets_ / 2);
    packets_ = static_cast<unsigned>(
        std::clamp<std::size_t>(std::min(fitting, expected), kFewPackets, kMaxBatch));
  }

  static constexpr std::size_t kCacheShare = 256 << 10;
  static constexpr unsigned kFewPackets = 4;
  unsigned packets_ = kFewPackets;
};

}  // namespace wring
