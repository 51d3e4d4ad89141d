#include "ip/segment_arena.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace wring {
namespace {

TEST(SegmentArena, keeps_what_was_allocated_while_it_grows) {
  SegmentArena arena;
  std::vector<MutByteSpan> all;
  for (int i = 0; i < 3000; ++i) {
    all.push_back(arena.allocate(1000));
    std::fill(all.back().begin(), all.back().end(), static_cast<std::uint8_t>(i));
  }
  for (int i = 0; i < 3000; ++i) {
    const auto byte = static_cast<std::uint8_t>(i);
    const MutByteSpan bytes = all[static_cast<std::size_t>(i)];
    ASSERT_EQ(bytes.size(), 1000u);
    ASSERT_EQ(std::count(bytes.begin(), bytes.end(), byte), 1000);
  }
}

TEST(SegmentArena, gives_the_same_memory_again_after_it_was_cleared) {
  SegmentArena arena;
  const auto addresses = [&] {
    std::vector<const std::uint8_t*> taken;
    constexpr std::size_t kAll = SegmentArena::kBlockSize;
    for (const std::size_t size : {kAll, std::size_t{1}, kAll - 1, kAll / 3 * 2, kAll / 3 * 2})
      taken.push_back(arena.allocate(size).data());
    arena.clear();
    return taken;
  };
  const auto first = addresses();
  EXPECT_EQ(addresses(), first);
}

}  // namespace
}  // namespace wring
