// How many buffers the next batch of input may fill.
#pragma once

#include <cstddef>
#include <span>

#include "dataplane/packets.h"

namespace wring {

// What a batch lies in is written by the kernel, read and changed by the worker, and read by the
// kernel again: it should stay in the cache of the core meanwhile, 1 to 2 MB of it. Large packets
// reach that with a few buffers; small ones should come in large batches. So the last batch decides
// about the next one.
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
    packets_ = bytes / packets > kLargePacket ? kFewPackets : unsigned{kMaxBatch};
  }

  static constexpr std::size_t kLargePacket = 8192;
  static constexpr unsigned kFewPackets = 16;
  unsigned packets_ = kFewPackets;
};

}  // namespace wring
