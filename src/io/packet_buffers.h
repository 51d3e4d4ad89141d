// Memory for input: buffers of one size, each large enough for a packet of 64 KB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"

namespace wring {

// Only buffers that input was written to use memory, so an idle worker costs next to nothing.
class PacketBuffers {
 public:
  struct Shape {
    std::size_t size;            // bytes that the kernel may write
    std::size_t aligned_at = 0;  // which byte of each buffer begins a cache line
    std::size_t tail_room = 0;   // more bytes behind it, which the kernel does not write
  };
  static Result<PacketBuffers> create(unsigned count, const Shape& shape);

  [[nodiscard]] unsigned count() const { return count_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint8_t* data(std::size_t id) const {
    return memory_.get() + offset_ + id * stride_;
  }

 private:
  friend class BufferRing;
  struct Unmap {
    std::size_t size;
    void operator()(void* memory) const;
  };
  using Mapping = std::unique_ptr<std::uint8_t, Unmap>;

  PacketBuffers() = default;
  static Result<Mapping> map(std::size_t size);

  Mapping memory_;
  std::size_t size_ = 0;
  std::size_t stride_ = 0;
  std::size_t offset_ = 0;  // of the first buffer
  unsigned count_ = 0;
};

}  // namespace wring
