// Maps the memory of packet buffers.
#include "io/packet_buffers.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace wring {
namespace {

constexpr std::size_t kCacheLine = 64;

// An odd number of cache lines. With a power of two, the first lines of all buffers, which hold the
// headers, would share a few sets of the cache.
std::size_t stride_for(std::size_t size) {
  const std::size_t lines = (size + kCacheLine - 1) / kCacheLine;
  return (lines | 1) * kCacheLine;
}

}  // namespace

void PacketBuffers::Unmap::operator()(void* memory) const {
  munmap(memory, size);
}

Result<PacketBuffers::Mapping> PacketBuffers::map(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return system_failure("cannot allocate packet buffers", errno);
  // The first byte that is touched would bring a whole huge page. The kernel may ignore this.
  madvise(memory, size, MADV_NOHUGEPAGE);
  return Mapping(static_cast<std::uint8_t*>(memory), Unmap{size});
}

Result<PacketBuffers> PacketBuffers::create(unsigned count, const Shape& shape) {
  PacketBuffers buffers;
  buffers.count_ = count;
  buffers.size_ = shape.size;
  buffers.offset_ = (kCacheLine - shape.aligned_at % kCacheLine) % kCacheLine;
  buffers.stride_ = stride_for(shape.size + shape.tail_room);
  auto memory = map(buffers.offset_ + count * buffers.stride_);
  if (!memory) return tl::unexpected(memory.error());
  buffers.memory_ = std::move(*memory);
  return buffers;
}

}  // namespace wring
