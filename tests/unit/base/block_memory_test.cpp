#include "base/block_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "tests/support/seeded_rng.h"

namespace wring {
namespace {

constexpr std::size_t kBlock = BlockMemory::kBlockSize;
constexpr std::size_t kSlab = BlockMemory::kSlabSize;

// Whether the kernel has given a page to the address.
bool is_resident(void* page) {
  unsigned char resident = 0;
  return mincore(page, 4096, &resident) == 0 && (resident & 1U) != 0;
}

TEST(BlockMemory, gives_out_pieces_up_to_its_limit) {
  BlockMemory memory(2 * kSlab);
  std::vector<void*> pieces;
  while (void* piece = memory.allocate(kBlock))
    pieces.push_back(piece);
  EXPECT_EQ(pieces.size(), 128U);
  EXPECT_EQ(memory.blocks_in_use(), 128U);
  for (void* piece : pieces)
    memory.free(piece, kBlock);
  EXPECT_EQ(memory.blocks_in_use(), 0U);
}

TEST(BlockMemory, a_piece_takes_blocks_in_a_row) {
  BlockMemory memory(kSlab);
  std::array<void*, 64> blocks{};
  for (void*& block : blocks)
    block = memory.allocate(1);
  // Two free blocks that are not neighbours hold no piece of two.
  memory.free(blocks[3], 1);
  memory.free(blocks[5], 1);
  EXPECT_EQ(memory.allocate(kBlock + 1), nullptr);
  memory.free(blocks[4], 1);
  EXPECT_EQ(memory.allocate(2 * kBlock + 1), blocks[3]);
  memory.free(blocks[3], 3 * kBlock);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    if (i < 3 || i > 5) memory.free(blocks.at(i), 1);
}

TEST(BlockMemory, a_whole_slab_is_one_piece) {
  BlockMemory memory(kSlab);
  void* piece = memory.allocate(kSlab);
  ASSERT_NE(piece, nullptr);
  std::memset(piece, 1, kSlab);
  EXPECT_EQ(memory.allocate(1), nullptr);
  memory.free(piece, kSlab);
  EXPECT_EQ(memory.allocate(1), piece);
  memory.free(piece, 1);
}

TEST(BlockMemory, gives_a_free_slab_back_to_the_kernel) {
  BlockMemory memory(8 * kSlab);
  std::vector<void*> slabs;
  for (int i = 0; i < 8; ++i) {
    slabs.push_back(memory.allocate(kSlab));
    std::memset(slabs.back(), 1, kSlab);
  }
  EXPECT_TRUE(is_resident(slabs.back()));
  for (void* slab : slabs)
    memory.free(slab, kSlab);
  EXPECT_FALSE(is_resident(slabs.back()));
  EXPECT_TRUE(is_resident(slabs.front()));  // a few stay for the next use
}

TEST(BlockMemory, gives_back_locked_memory_too) {
  BlockMemory memory(5 * kSlab);
  std::array<void*, 5> slabs{};
  for (void*& slab : slabs)
    slab = memory.allocate(kSlab);
  if (mlock(slabs.back(), kSlab) != 0) GTEST_SKIP() << "skipped: mlock() is refused";
  std::memset(slabs.back(), 1, kSlab);  // a sanitizer's mlock() does nothing
  EXPECT_TRUE(is_resident(slabs.back()));
  for (void* slab : slabs)
    memory.free(slab, kSlab);
  EXPECT_FALSE(is_resident(slabs.back()));
}

TEST(BlockMemory, pieces_never_overlap) {
  BlockMemory memory(4 * kSlab);
  test::SeededRng rng(1);
  std::vector<std::pair<void*, std::size_t>> pieces;
  for (int step = 0; step < 20'000; ++step) {
    if (rng.below(2) == 0 || pieces.empty()) {
      const std::size_t size = 1 + rng.below(5'000);
      void* piece = memory.allocate(size);
      if (piece == nullptr) continue;
      std::memset(piece, static_cast<int>(size % 251), size);
      pieces.emplace_back(piece, size);
    } else {
      std::swap(pieces.at(rng.below(static_cast<std::uint32_t>(pieces.size()))), pieces.back());
      const auto [piece, size] = pieces.back();
      const auto* bytes = static_cast<const std::uint8_t*>(piece);
      ASSERT_TRUE(std::all_of(bytes, bytes + size,
                              [size = size](std::uint8_t byte) { return byte == size % 251; }));
      memory.free(piece, size);
      pieces.pop_back();
    }
  }
  for (const auto& [piece, size] : pieces)
    memory.free(piece, size);
}

}  // namespace
}  // namespace wring
