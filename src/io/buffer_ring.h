// Buffers for input, from which the kernel picks one when input arrives (a provided-buffer ring of
// io_uring).
#pragma once

#include <liburing.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "io/packet_buffers.h"
#include "io/uring.h"
#include "ip/packets.h"

namespace wring {

// The kernel takes buffers in the order in which they came into the ring. Only some are in the
// ring; the others wait in a stack. So few packets use few buffers, and the one used last, which is
// still in the cache, is used again first. There are enough buffers for two batches, the one that
// the worker has and the next one.
class BufferRing {
 public:
  static constexpr unsigned kCount = 2 * kMaxBatch;

  // kCount buffers as buffer group `group`. None is in the ring before refill().
  static Result<BufferRing> create(Uring& uring, std::uint16_t group,
                                   const PacketBuffers::Shape& shape);

  [[nodiscard]] std::uint16_t group() const { return group_; }
  [[nodiscard]] std::size_t buffer_size() const { return buffers_.size(); }
  [[nodiscard]] std::uint8_t* data(unsigned id) const { return buffers_.data(id); }

  // No buffer is left for the kernel to pick.
  [[nodiscard]] bool is_empty() const { return in_ring_ == 0; }
  // Call it for each buffer that the kernel has filled.
  void taken() {
    assert(in_ring_ != 0);
    --in_ring_;
  }
  // Takes back a buffer that the kernel has filled.
  void give_back(unsigned id) {
    assert(id < kCount && free_count_ < kCount);
    free_[free_count_++] = static_cast<std::uint16_t>(id);
  }
  // Puts free buffers into the ring until it holds `level`. The kernel may write to them from now
  // on.
  void refill(unsigned level);

 private:
  explicit BufferRing(PacketBuffers buffers) : buffers_(std::move(buffers)) {}

  PacketBuffers::Mapping ring_memory_;
  PacketBuffers buffers_;
  io_uring_buf_ring* ring_ = nullptr;
  std::array<std::uint16_t, kCount> free_{};
  unsigned free_count_ = 0;
  unsigned in_ring_ = 0;
  std::uint16_t group_ = 0;
};

}  // namespace wring
