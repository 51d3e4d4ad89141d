#include "base/spsc_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace wring {
namespace {

TEST(SpscRing, gives_back_in_order_what_was_put_in) {
  SpscRing<int, 4> ring;
  int value = -1;
  EXPECT_FALSE(ring.try_pop(value));
  EXPECT_EQ(value, -1);
  for (int round = 0; round < 10; ++round) {
    EXPECT_TRUE(ring.try_push(round));
    EXPECT_TRUE(ring.try_push(round + 100));
    EXPECT_EQ(ring.size(), 2U);
    EXPECT_TRUE(ring.try_pop(value));
    EXPECT_EQ(value, round);
    EXPECT_TRUE(ring.try_pop(value));
    EXPECT_EQ(value, round + 100);
  }
  EXPECT_EQ(ring.size(), 0U);
}

TEST(SpscRing, refuses_when_full_and_takes_again_after_a_pop) {
  SpscRing<int, 4> ring;
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(ring.try_push(i));
  EXPECT_FALSE(ring.try_push(4));
  EXPECT_EQ(ring.size(), 4U);
  int value = -1;
  EXPECT_TRUE(ring.try_pop(value));
  EXPECT_EQ(value, 0);
  EXPECT_TRUE(ring.try_push(4));
  EXPECT_FALSE(ring.try_push(5));
}

TEST(SpscRing, nothing_is_lost_doubled_or_torn_between_two_threads) {
  struct Item {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
  };
  constexpr std::uint64_t kItems = 100'000;
  SpscRing<Item, 64> ring;
  std::thread producer([&ring] {
    for (std::uint64_t i = 0; i < kItems;) {
      if (ring.try_push({i, ~i, i * 3})) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < kItems;) {
    Item item;
    if (!ring.try_pop(item)) {
      std::this_thread::yield();
      continue;
    }
    if (item.a != i || item.b != ~i || item.c != i * 3 || ring.size() > 64) ++wrong;
    ++i;
  }
  producer.join();
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(ring.size(), 0U);
}

}  // namespace
}  // namespace wring
