// Memory for many short-lived pieces of up to 64 KiB, with a limit. Free memory goes back to the
// kernel, even where the memory of the process is locked. The heap keeps such pages: after a flood
// of packets that waited for a key it held 360 MB for good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wring {

// A piece is a row of blocks within one slab. The first slab with room serves a request, so the
// last slabs become free first. Not thread-safe.
class BlockMemory {
 public:
  static constexpr std::size_t kBlockSize = 1024;
  static constexpr std::size_t kSlabSize = 64 * kBlockSize;
  static constexpr std::size_t kMaxPiece = kSlabSize;

  // `limit` in bytes: a whole number of slabs, at least one. Takes no memory yet.
  explicit BlockMemory(std::size_t limit);
  ~BlockMemory();
  BlockMemory(const BlockMemory&) = delete;
  BlockMemory& operator=(const BlockMemory&) = delete;

  // How many blocks a piece of so many bytes takes.
  [[nodiscard]] static constexpr std::size_t blocks_for(std::size_t size) {
    return (size + kBlockSize - 1) / kBlockSize;
  }
  // A piece of `size` bytes, from 1 to kMaxPiece, aligned to a block. Null if the limit leaves no
  // room, or if the kernel has no memory.
  [[nodiscard]] void* allocate(std::size_t size);
  // `piece` came from allocate(), with the same size.
  void free(void* piece, std::size_t size);

  [[nodiscard]] std::size_t blocks_in_use() const { return blocks_in_use_; }

 private:
  // So many free slabs keep their pages, so that pieces that come and go cost no system call.
  static constexpr std::size_t kIdleSlabs = 4;

  [[nodiscard]] bool reserve();
  void give_back(std::size_t slab);

  std::byte* base_ = nullptr;            // of the address space for all slabs
  std::vector<std::uint64_t> occupied_;  // by slab: one bit for each block
  std::vector<bool> touched_;            // by slab: it may have pages
  std::size_t idle_slabs_ = 0;           // free, and touched
  std::size_t first_with_room_ = 0;      // all slabs before it are full
  std::size_t blocks_in_use_ = 0;
};

}  // namespace wring
