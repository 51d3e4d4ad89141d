#include "device/staged_packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace wring {
namespace {

std::vector<std::uint32_t> drain(StagedPackets& staged) {
  std::vector<std::uint32_t> seen;
  staged.flush([&seen](ByteSpan packet) { seen.push_back(load<std::uint32_t>(packet)); });
  return seen;
}

std::size_t push(StagedPackets& staged, std::uint32_t n) {
  Bytes<4> packet{};
  store(MutByteSpan(packet), n);
  return staged.push(packet);
}

TEST(StagedPackets, hands_out_copies_in_order) {
  StagedPackets staged;
  EXPECT_TRUE(staged.empty());
  for (std::uint32_t i = 0; i < 3; ++i)
    EXPECT_EQ(push(staged, i), 0U);
  EXPECT_FALSE(staged.empty());
  EXPECT_THAT(drain(staged), testing::ElementsAre(0, 1, 2));
  EXPECT_TRUE(staged.empty());
  EXPECT_TRUE(drain(staged).empty());
}

TEST(StagedPackets, holds_128_and_drops_the_oldest_first) {  // P22
  StagedPackets staged;
  for (std::uint32_t i = 0; i < 128; ++i)
    EXPECT_EQ(push(staged, i), 0U);
  EXPECT_EQ(push(staged, 128), 1U);
  EXPECT_EQ(push(staged, 129), 1U);
  const auto seen = drain(staged);
  ASSERT_EQ(seen.size(), 128U);
  EXPECT_EQ(seen.front(), 2U);
  EXPECT_EQ(seen.back(), 129U);
}

TEST(StagedPackets, counts_what_it_drops_when_cleared) {
  StagedPackets staged;
  EXPECT_EQ(staged.clear(), 0U);
  for (std::uint32_t i = 0; i < 5; ++i)
    push(staged, i);
  EXPECT_EQ(staged.clear(), 5U);
  EXPECT_TRUE(staged.empty());
}

// A worker that has a key, and a flush of 128 packets that each take 20 us to send: the worker is
// at its lock when the flush ends, and has to see that nothing waits any more.
TEST(StagedPackets, a_run_that_waited_for_a_flush_finds_nothing_to_wait_behind) {
  StagedPackets staged;
  for (int round = 0; round < 20; ++round) {
    for (std::uint32_t i = 0; i < 128; ++i)
      push(staged, i);
    std::atomic<bool> flushing{false};
    std::thread control([&] {
      staged.flush([&flushing](ByteSpan) {
        flushing = true;
        std::this_thread::sleep_for(std::chrono::microseconds(20));
      });
    });
    while (!flushing)
      std::this_thread::yield();
    {
      const StagedPackets::Appender appender(staged);
      EXPECT_TRUE(appender.is_empty());
    }
    control.join();
    EXPECT_TRUE(staged.empty());
  }
}

TEST(StagedPackets, a_run_is_staged_as_a_whole) {
  StagedPackets staged;
  std::vector<std::size_t> flushed;
  std::thread control;
  {
    StagedPackets::Appender appender(staged);
    EXPECT_TRUE(appender.is_empty());
    const Bytes<4> packet{};
    appender.push(packet);
    control = std::thread([&] { flushed.push_back(staged.flush([](ByteSpan) {})); });
    for (int i = 0; i < 63; ++i)
      appender.push(packet);
    EXPECT_FALSE(appender.is_empty());
  }
  control.join();
  EXPECT_EQ(flushed, std::vector<std::size_t>{64});
}

TEST(StagedPackets, costs_little_while_empty) {
  EXPECT_LE(sizeof(StagedPackets), 64U);
}

TEST(StagedPackets, packets_of_one_thread_keep_their_order_while_another_flushes) {
  StagedPackets staged;
  std::vector<std::uint32_t> seen;
  std::uint32_t dropped = 0;
  std::thread producer([&] {
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      dropped += static_cast<std::uint32_t>(push(staged, i));
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    staged.flush([&seen](ByteSpan packet) { seen.push_back(load<std::uint32_t>(packet)); });
    if (i % 16 == 0) std::this_thread::yield();
  }
  producer.join();
  for (const std::uint32_t last : drain(staged))
    seen.push_back(last);
  EXPECT_EQ(seen.size() + dropped, 20'000U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

}  // namespace
}  // namespace wring
