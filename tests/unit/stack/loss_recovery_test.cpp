// Uploads over paths that lose and overtake.
#include "stack/loss_recovery.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "simulated_transfer.h"

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kHundred = 100ULL * SimulatedTransfer::kSegment;

std::function<bool(std::uint64_t)> these(std::set<std::uint64_t> numbers) {
  return [numbers = std::move(numbers)](std::uint64_t number) { return numbers.contains(number); };
}

class ByEither : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(LossRecovery, ByEither, testing::Bool(),
                         [](const auto& with) { return with.param ? "sack" : "without_sack"; });

TEST_P(ByEither, a_loss_is_repaired_without_a_timeout) {
  SimulatedTransfer transfer({50ms}, GetParam(), 1, kHundred);
  transfer.drops = these({20});
  transfer.run(10s);
  EXPECT_EQ(transfer.delivered(), kHundred);
  EXPECT_EQ(transfer.again, 1U);
  EXPECT_EQ(transfer.timeouts, 0U);
}

TEST_P(ByEither, whatever_is_lost_arrives_at_last) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    SimulatedTransfer transfer({20ms, 0.2, 0.1, 9ms}, GetParam(), seed, kHundred);
    transfer.run(600s);
    EXPECT_EQ(transfer.delivered(), kHundred) << seed;
  }
}

TEST(LossRecovery, repairs_many_losses_in_one_round_trip) {
  SimulatedTransfer transfer({50ms}, true, 1, kHundred);
  transfer.drops = these({20, 21, 23, 25, 26, 29});
  transfer.run(10s);
  EXPECT_EQ(transfer.delivered(), kHundred);
  EXPECT_EQ(transfer.again, 6U);
  EXPECT_EQ(transfer.timeouts, 0U);
}

TEST(LossRecovery, repairs_what_is_lost_twice) {
  SimulatedTransfer transfer({50ms}, true, 1, kHundred);
  std::uint64_t dropped = 0;
  transfer.drops = [&](std::uint64_t number) {
    const bool again = transfer.again == 1 && dropped == 1;
    if (number != 12 && !again) return false;
    ++dropped;
    return true;
  };
  transfer.run(10s);
  EXPECT_EQ(dropped, 2U);
  EXPECT_EQ(transfer.delivered(), kHundred);
  EXPECT_EQ(transfer.timeouts, 0U);
}

// RFC 8985, 7: a probe after two round trips and not a time-out.
TEST(LossRecovery, finds_by_a_probe_that_the_last_is_lost) {
  SimulatedTransfer transfer({50ms}, true, 1, kHundred);
  transfer.drops = these({98, 99});
  transfer.run(10s);
  EXPECT_EQ(transfer.delivered(), kHundred);
  EXPECT_EQ(transfer.probes, 1U);
  EXPECT_EQ(transfer.timeouts, 0U);
}

TEST(LossRecovery, halves_nothing_for_a_single_loss_of_a_path_that_goes_on_carrying) {
  SimulatedTransfer transfer({50ms}, true, 1);
  transfer.drops = these({1000});
  transfer.run(1s);
  const std::uint32_t before = transfer.recovery().window();
  transfer.run(300ms);
  EXPECT_GE(transfer.recovery().window(), before / 10 * 7);
}

// RFC 2883 and RFC 8985, 6.2: one that is overtaken costs one that is sent for nothing, and its
// reduction is taken back. After that it costs nothing.
TEST(LossRecovery, takes_back_what_it_did_for_one_that_was_only_late) {
  SimulatedTransfer transfer({33ms, 0, 0.003, 8ms, 2.5e6, 2e5}, true, 1);
  transfer.run(8s);
  EXPECT_EQ(transfer.timeouts, 0U);
  EXPECT_GT(transfer.delivered(), 8 * 2'500'000U / 10 * 9);
}

TEST(LossRecovery, ends_with_a_window_that_fits_a_narrow_place) {
  // 10 Mbit/s, 50 ms, and a queue of as much: 62,500 bytes twice.
  SimulatedTransfer transfer({25ms, 0, 0, {}, 1.25e6, 62500}, true, 1);
  transfer.run(20s);
  EXPECT_GT(transfer.delivered(), 20 * 1'250'000U / 100 * 95);
  EXPECT_LE(transfer.recovery().window(), 140'000U);
  EXPECT_LT(transfer.again, transfer.transmissions / 50);
}

// Loss that has nothing to do with how much is sent: Reno would have 1.3 Mbit/s on this path.
TEST(LossRecovery, carries_on_where_one_in_a_hundred_is_lost) {
  std::uint64_t sum = 0;
  for (unsigned seed = 0; seed < 5; ++seed) {
    SimulatedTransfer transfer({50ms, 0.01, 0, {}, 12.5e6, 4e6}, true, seed);
    transfer.run(10s);
    EXPECT_GT(transfer.delivered() * 8 / 10, 2'300'000U) << seed;
    EXPECT_LT(transfer.again, transfer.transmissions / 50) << seed;
    sum += transfer.delivered() * 8 / 10;
  }
  EXPECT_GT(sum / 5, 4'000'000U);
}

// RFC 6298, 5.5.
TEST(LossRecovery, waits_twice_as_long_each_time_that_nothing_comes) {
  LossRecovery recovery;
  recovery.begin(1000, 0, true);
  TimePoint now{1s};
  recovery.on_round_trip(100ms, now);
  recovery.on_sent({0, 1000}, now);
  ASSERT_EQ(recovery.on_timer(recovery.deadline(), false), LossRecovery::Due::kTimeout);
  const TimePoint first = recovery.deadline();
  ASSERT_EQ(recovery.on_timer(first, false), LossRecovery::Due::kTimeout);
  const TimePoint second = recovery.deadline();
  ASSERT_EQ(recovery.on_timer(second, false), LossRecovery::Due::kTimeout);
  EXPECT_EQ(recovery.deadline() - second, 2 * (second - first));
  EXPECT_EQ(recovery.allowance(), 1000U);
}

}  // namespace
}  // namespace wring::stack
