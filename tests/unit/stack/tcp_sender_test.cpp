// lwIP's sender over long paths, by a clock that is simulated.
#include "stack/tcp_sender.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "simulated_upload.h"

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMegabyte = 1'000'000;

class TcpSenderWith : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(TcpSender, TcpSenderWith, testing::Bool(),
                         [](const auto& with) { return with.param ? "sack" : "without_sack"; });

TEST_P(TcpSenderWith, every_byte_arrives_over_a_good_path) {
  SimulatedUpload upload({10ms}, GetParam(), 1);
  EXPECT_TRUE(upload.send(2 * kMegabyte, 2s));
}

TEST_P(TcpSenderWith, every_byte_arrives_over_a_bad_path) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    SimulatedUpload upload({10ms, 0.1, 0.1, 7ms}, GetParam(), seed);
    EXPECT_TRUE(upload.send(kMegabyte / 2, 600s)) << seed;
  }
}

TEST(TcpSender, sends_only_what_is_missing_again) {
  SimulatedUpload upload({50ms}, true, 1);
  const std::set<std::uint64_t> lost{20, 21, 23, 25, 26, 29};
  upload.drops = [&](std::uint64_t number) { return lost.contains(number); };
  const TimePoint begun = upload.now();
  EXPECT_TRUE(upload.send(138'000, 10s));
  EXPECT_EQ(upload.again, lost.size());
  // A handshake, four windows that double from ten segments on, and one repair.
  EXPECT_LE(upload.now() - begun, 800ms);
}

// Reno would have 1.3 Mbit/s, and lwIP by itself had 1.0.
TEST(TcpSender, carries_on_where_one_in_a_hundred_is_lost) {
  SimulatedUpload upload({50ms, 0.01, 0, {}, 12.5e6, 4e6}, true, 1);
  const TimePoint begun = upload.now();
  EXPECT_TRUE(upload.send(2 * kMegabyte, 60s));
  EXPECT_LT(upload.now() - begun, 7s);
}

TEST(TcpSender, ends_a_connection_after_ten_timeouts_without_an_answer) {
  SimulatedUpload upload({10ms}, true, 1);
  EXPECT_TRUE(upload.send(1000, 1s));
  upload.drops = [](std::uint64_t) { return true; };
  const std::uint64_t before = upload.segments;
  EXPECT_FALSE(upload.send(1000, 600s));
  EXPECT_GE(upload.segments - before, 10U);
  EXPECT_LE(upload.segments - before, 13U);
}

TEST(TcpSender, waits_for_a_far_end_that_takes_back_its_window) {
  SimulatedUpload upload({10ms}, true, 1);
  EXPECT_TRUE(upload.send(1000, 1s));
  const std::uint64_t first = upload.segments;
  upload.drops = [&](std::uint64_t number) { return number >= first + 5; };
  EXPECT_FALSE(upload.send(13'800, 15ms));
  // The first five have arrived, and their acknowledgements, on their way, close the window.
  upload.drops = [](std::uint64_t) { return false; };
  upload.run(300s, 0);
  upload.run(1s, 1U << 20);
  EXPECT_TRUE(upload.send(kMegabyte, 60s));
}

// lwIP ended the process when its probe of a closed window was acknowledged and nothing was left.
TEST(TcpSender, outlives_a_probe_that_takes_the_last_byte) {
  SimulatedUpload upload({10ms}, true, 1);
  EXPECT_TRUE(upload.send(1000, 1s));
  upload.run(1s, 0);
  // The far end takes one byte, but its window stays closed.
  EXPECT_TRUE(upload.send(1, 1s));
  upload.run(1s, 0);
  upload.run(1s, 1U << 20);
  EXPECT_TRUE(upload.send(kMegabyte, 10s));
}

// lwIP ended the process when a smaller size came than what waited had been cut to.
TEST(TcpSender, outlives_a_size_of_segments_that_comes_too_late) {
  SimulatedUpload upload({10ms}, true, 1);
  EXPECT_TRUE(upload.send(1000, 1s));
  upload.run(1s, 0);
  EXPECT_FALSE(upload.send(3000, 50ms));
  upload.say(Bytes<4>{2, 4, 0, 1});
  EXPECT_FALSE(upload.send(3000, 50ms));
  upload.run(1s, 1U << 20);
  EXPECT_TRUE(upload.send(kMegabyte, 10s));
}

}  // namespace
}  // namespace wring::stack
