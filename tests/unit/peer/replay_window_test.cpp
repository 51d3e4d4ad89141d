#include "peer/replay_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>

namespace wring {
namespace {

// The rule in its plainest form: what was accepted, and how far below the greatest it may lie. P19
class Oracle {
 public:
  bool accept(std::uint64_t counter) {
    if (counter >= 18446744073709543423U) return false;  // 2^64 - 2^13 - 1
    if (!seen_.empty() && counter + 8128 < *seen_.rbegin()) return false;
    return seen_.insert(counter).second;
  }
  std::uint64_t greatest() const { return seen_.empty() ? 0 : *seen_.rbegin(); }

 private:
  std::set<std::uint64_t> seen_;
};

void expect_same(Oracle& oracle, ReplayWindow& window, std::uint64_t counter) {
  const bool expected = oracle.accept(counter);
  ASSERT_EQ(window.would_accept(counter), expected) << counter;
  ASSERT_EQ(window.accept(counter), expected) << counter;
}

TEST(ReplayWindow, begins_at_zero_and_takes_each_counter_once) {  // P19
  ReplayWindow window;
  EXPECT_TRUE(window.would_accept(0));
  EXPECT_TRUE(window.accept(0));
  EXPECT_FALSE(window.would_accept(0));
  EXPECT_FALSE(window.accept(0));
  EXPECT_TRUE(window.accept(2));
  EXPECT_TRUE(window.accept(1));
  EXPECT_FALSE(window.accept(1));
}

TEST(ReplayWindow, looking_marks_nothing) {
  ReplayWindow window;
  EXPECT_TRUE(window.would_accept(70));
  EXPECT_TRUE(window.would_accept(70));
  EXPECT_TRUE(window.accept(5));
}

TEST(ReplayWindow, reaches_back_8128_and_no_further) {  // P19
  for (const std::uint64_t greatest : {8128U, 8129U, 8191U, 8192U, 8193U, 8255U, 8256U, 100'000U}) {
    ReplayWindow window;
    ASSERT_TRUE(window.accept(greatest));
    if (greatest > 8128) {
      EXPECT_FALSE(window.accept(greatest - 8129)) << greatest;
    }
    EXPECT_TRUE(window.accept(greatest - 8128)) << greatest;
    EXPECT_TRUE(window.accept(greatest - 8127)) << greatest;
    EXPECT_FALSE(window.accept(greatest - 8128)) << greatest;
    EXPECT_FALSE(window.accept(greatest)) << greatest;
  }
}

TEST(ReplayWindow, keeps_early_counters_when_it_grows) {
  ReplayWindow window;
  ASSERT_TRUE(window.accept(0));
  ASSERT_TRUE(window.accept(63));
  ASSERT_TRUE(window.accept(64));
  EXPECT_FALSE(window.accept(0));
  EXPECT_FALSE(window.accept(63));
  EXPECT_TRUE(window.accept(62));
}

TEST(ReplayWindow, forgets_nothing_that_it_should_know_after_a_jump_past_its_size) {
  for (const std::uint64_t jump : {8127U, 8128U, 8129U, 8191U, 8192U, 8193U, 16384U, 1U << 30}) {
    Oracle oracle;
    ReplayWindow window;
    for (std::uint64_t counter = 0; counter < 200; ++counter)
      expect_same(oracle, window, counter);
    expect_same(oracle, window, 199 + jump);
    for (std::uint64_t back = 0; back < 8400; ++back) {
      if (back > 199 + jump) break;
      expect_same(oracle, window, 199 + jump - back);
    }
  }
}

TEST(ReplayWindow, refuses_counters_at_and_past_the_last_message) {  // P19
  constexpr std::uint64_t kLimit = 18446744073709543423U;            // 2^64 - 2^13 - 1
  ReplayWindow window;
  EXPECT_FALSE(window.accept(kLimit));
  EXPECT_FALSE(window.accept(kLimit + 1));
  EXPECT_FALSE(window.accept(~std::uint64_t{0}));
  EXPECT_TRUE(window.accept(0));
  EXPECT_TRUE(window.accept(kLimit - 1));
  EXPECT_FALSE(window.accept(kLimit - 1));
  EXPECT_TRUE(window.accept(kLimit - 1 - 8128));
  EXPECT_FALSE(window.accept(kLimit - 1 - 8129));
}

TEST(ReplayWindow, agrees_with_a_set_in_every_order) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    std::mt19937_64 random(seed);
    Oracle oracle;
    ReplayWindow window;
    // Near the end as well as near the start.
    if (seed % 2 == 1) expect_same(oracle, window, 18446744073709543423U - 40'000);
    for (int i = 0; i < 20'000; ++i) {
      const std::uint64_t greatest = oracle.greatest();
      const std::uint64_t reach = std::uint64_t{1} << random() % 15;
      const std::uint64_t step = random() % reach;
      const bool back = random() % 4 != 0;
      expect_same(oracle, window, back ? greatest - std::min(greatest, step) : greatest + step);
    }
  }
}

}  // namespace
}  // namespace wring
