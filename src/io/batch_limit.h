// How many buffers the next batch of input may fill.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "ip/packets.h"

namespace wring {

// A batch is written by the kernel, changed by the worker, and read by the kernel again. Input,
// output and the batch before should together fit in the second-level cache (1 to 2 MB): packets of
// 64 KB take a third less time in batches of 4 than in batches of 64. Small packets should come in
// large batches. So the size of the last batch sets the limit for the next one.
//
// The sizes of the next packets are not known. Room for 64 of them after a single small one would
// let a burst of large ones write to 4 MB. So the limit is at most twice the last count, and falls
// by halves.
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
