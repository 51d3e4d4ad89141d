// Finds rows of free blocks in slabs, and maps a slab anew when it is free.
#include "base/block_memory.h"

#include <sys/mman.h>

#include <bit>
#include <cassert>

namespace wring {
namespace {

constexpr std::uint64_t kFull = ~std::uint64_t{0};

constexpr std::uint64_t row_of(std::size_t count) {
  return count == 64 ? kFull : (std::uint64_t{1} << count) - 1;
}

// The first of `count` free blocks in a row; 64 if there is no such row.
std::size_t find_row(std::uint64_t occupied, std::size_t count) {
  std::uint64_t begins = ~occupied;
  for (std::size_t found = 1; found < count && begins != 0;) {
    const std::size_t step = found < count - found ? found : count - found;
    begins &= begins >> step;
    found += step;
  }
  return static_cast<std::size_t>(std::countr_zero(begins));
}

// The pages hold nothing until they are touched.
constexpr int kMapping = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

}  // namespace

BlockMemory::BlockMemory(std::size_t limit)
    : occupied_(limit / kSlabSize, 0), touched_(occupied_.size(), false) {
  assert(limit != 0 && limit % kSlabSize == 0);
}

BlockMemory::~BlockMemory() {
  assert(blocks_in_use_ == 0);
  if (base_ != nullptr) munmap(base_, occupied_.size() * kSlabSize);
}

bool BlockMemory::reserve() {
  if (base_ != nullptr) return true;
  void* mapped =
      mmap(nullptr, occupied_.size() * kSlabSize, PROT_READ | PROT_WRITE, kMapping, -1, 0);
  if (mapped == MAP_FAILED) return false;
  base_ = static_cast<std::byte*>(mapped);
  return true;
}

void* BlockMemory::allocate(std::size_t size) {
  assert(size != 0 && size <= kMaxPiece);
  if (!reserve()) return nullptr;
  const std::size_t count = blocks_for(size);
  while (first_with_room_ < occupied_.size() && occupied_[first_with_room_] == kFull)
    ++first_with_room_;
  for (std::size_t slab = first_with_room_; slab < occupied_.size(); ++slab) {
    const std::size_t first = find_row(occupied_[slab], count);
    if (first == 64) continue;
    if (occupied_[slab] == 0 && touched_[slab]) --idle_slabs_;
    touched_[slab] = true;
    occupied_[slab] |= row_of(count) << first;
    blocks_in_use_ += count;
    return base_ + slab * kSlabSize + first * kBlockSize;
  }
  return nullptr;
}

void BlockMemory::free(void* piece, std::size_t size) {
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(piece) - base_);
  const std::size_t slab = offset / kSlabSize;
  const std::size_t count = blocks_for(size);
  const std::uint64_t row = row_of(count) << offset % kSlabSize / kBlockSize;
  assert(offset % kBlockSize == 0 && slab < occupied_.size());
  assert((occupied_[slab] & row) == row);
  occupied_[slab] &= ~row;
  blocks_in_use_ -= count;
  if (slab < first_with_room_) first_with_room_ = slab;
  if (occupied_[slab] != 0) return;
  if (idle_slabs_ == kIdleSlabs) return give_back(slab);
  ++idle_slabs_;
}

// A new mapping in the same place drops the pages. madvise(MADV_DONTNEED) cannot: it refuses locked
// pages. A kernel that refuses the new mapping may have taken the former one away already, so the
// slab is not used any more.
void BlockMemory::give_back(std::size_t slab) {
  touched_[slab] = false;
  void* const mapped = mmap(base_ + slab * kSlabSize, kSlabSize, PROT_READ | PROT_WRITE,
                            kMapping | MAP_FIXED, -1, 0);
  if (mapped == MAP_FAILED) occupied_[slab] = kFull;
}

}  // namespace wring
