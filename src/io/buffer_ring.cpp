// Makes and refills a ring of buffers that the kernel picks from.
#include "io/buffer_ring.h"

#include <utility>

namespace wring {

Result<BufferRing> BufferRing::create(Uring& uring, std::uint16_t group,
                                      const PacketBuffers::Shape& shape) {
  auto memory = PacketBuffers::create(kCount, shape);
  if (!memory) return tl::unexpected(memory.error());
  BufferRing buffers(std::move(*memory));
  buffers.group_ = group;
  auto ring_memory = PacketBuffers::map(kCount * sizeof(io_uring_buf));
  if (!ring_memory) return tl::unexpected(ring_memory.error());
  buffers.ring_memory_ = std::move(*ring_memory);

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(buffers.ring_memory_.get());
  registration.ring_entries = kCount;
  registration.bgid = group;
  const int registered = io_uring_register_buf_ring(uring.get(), &registration, 0);
  if (registered < 0) return io_uring_failure("cannot register packet buffers", -registered);
  buffers.ring_ = reinterpret_cast<io_uring_buf_ring*>(buffers.ring_memory_.get());
  io_uring_buf_ring_init(buffers.ring_);
  for (unsigned id = kCount; id > 0; --id)
    buffers.give_back(id - 1);
  return buffers;
}

void BufferRing::refill(unsigned level) {
  int added = 0;
  for (; in_ring_ < level && free_count_ > 0; ++in_ring_, ++added) {
    const std::uint16_t id = free_[--free_count_];
    io_uring_buf_ring_add(ring_, data(id), static_cast<unsigned>(buffer_size()), id,
                          io_uring_buf_ring_mask(kCount), added);
  }
  io_uring_buf_ring_advance(ring_, added);
}

}  // namespace wring
