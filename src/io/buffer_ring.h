// Buffers that the kernel picks from for input that arrives (a provided-buffer ring of io_uring).
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/uring.h"

namespace wring {

// Memory of its own, touched only where input is written to: an idle worker costs next to nothing,
// though each buffer takes a datagram of 64 KB.
class BufferRing {
 public:
  struct Shape {
    std::size_t size;            // bytes that the kernel may write
    std::size_t aligned_at = 0;  // the byte of each buffer that a cache line starts with
    std::size_t tail_room = 0;   // more bytes behind it, which the kernel does not write to
  };
  // `count` buffers (a power of two) as buffer group `group`, all of them in the ring.
  static Result<BufferRing> create(Uring& uring, std::uint16_t group, unsigned count,
                                   const Shape& shape);

  [[nodiscard]] std::uint16_t group() const { return group_; }
  [[nodiscard]] std::size_t buffer_size() const { return size_; }
  [[nodiscard]] std::uint8_t* data(unsigned id) const {
    return memory_.get() + offset_ + id * stride_;
  }
  // Gives a buffer back to the kernel, which may write to it from now on.
  void give_back(unsigned id);

 private:
  struct Unmap {
    std::size_t size;
    void operator()(void* memory) const;
  };
  template <typename T>
  using Mapping = std::unique_ptr<T, Unmap>;

  BufferRing() = default;
  static Result<Mapping<std::uint8_t>> map(std::size_t size);

  Mapping<std::uint8_t> ring_memory_;
  Mapping<std::uint8_t> memory_;
  io_uring_buf_ring* ring_ = nullptr;
  std::size_t size_ = 0;
  std::size_t stride_ = 0;
  std::size_t offset_ = 0;  // of the first buffer
  unsigned count_ = 0;
  std::uint16_t group_ = 0;
};

}  // namespace wring
