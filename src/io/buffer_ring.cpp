#include "io/buffer_ring.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace wring {
namespace {

constexpr std::size_t kCacheLine = 64;

// An odd number of cache lines: with a power of two the first lines of all buffers, which hold the
// headers, would share a few sets of the cache.
std::size_t stride_for(std::size_t size) {
  const std::size_t lines = (size + kCacheLine - 1) / kCacheLine;
  return (lines | 1) * kCacheLine;
}

}  // namespace

void BufferRing::Unmap::operator()(void* memory) const {
  munmap(memory, size);
}

Result<BufferRing::Mapping<std::uint8_t>> BufferRing::map(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return system_failure("cannot allocate packet buffers", errno);
  // A huge page would come whole for the first byte that is touched. Advice: it may be refused.
  madvise(memory, size, MADV_NOHUGEPAGE);
  return Mapping<std::uint8_t>(static_cast<std::uint8_t*>(memory), Unmap{size});
}

Result<BufferRing> BufferRing::create(Uring& uring, std::uint16_t group, unsigned count,
                                      const Shape& shape) {
  BufferRing buffers;
  buffers.group_ = group;
  buffers.count_ = count;
  buffers.size_ = shape.size;
  buffers.offset_ = (kCacheLine - shape.aligned_at % kCacheLine) % kCacheLine;
  buffers.stride_ = stride_for(shape.size + shape.tail_room);

  auto ring_memory = map(count * sizeof(io_uring_buf));
  if (!ring_memory) return tl::unexpected(ring_memory.error());
  buffers.ring_memory_ = std::move(*ring_memory);
  auto memory = map(buffers.offset_ + count * buffers.stride_);
  if (!memory) return tl::unexpected(memory.error());
  buffers.memory_ = std::move(*memory);

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers.ring_memory_.get());
  registration.ring_entries = count;
  registration.bgid = group;
  const int registered = io_uring_register_buf_ring(uring.get(), &registration, 0);
  if (registered < 0) return io_uring_failure("cannot register packet buffers", -registered);
  buffers.ring_ = reinterpret_cast<io_uring_buf_ring*>(buffers.ring_memory_.get());
  io_uring_buf_ring_init(buffers.ring_);
  for (unsigned id = 0; id < count; ++id)
    buffers.give_back(id);
  return buffers;
}

void BufferRing::give_back(unsigned id) {
  io_uring_buf_ring_add(ring_, data(id), static_cast<unsigned>(size_),
                        static_cast<unsigned short>(id), io_uring_buf_ring_mask(count_), 0);
  io_uring_buf_ring_advance(ring_, 1);
}

}  // namespace wring
