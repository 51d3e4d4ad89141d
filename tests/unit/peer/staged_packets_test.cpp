#include "peer/staged_packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
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
  const StagedPackets::Dropped dropped = staged.push(packet);
  EXPECT_EQ(dropped.no_room, 0U);
  return dropped.overflow;
}

TEST(StagedPackets, hands_out_copies_in_order) {
  StagedMemory memory;
  StagedPackets staged(memory);
  EXPECT_TRUE(staged.empty());
  for (std::uint32_t i = 0; i < 3; ++i)
    EXPECT_EQ(push(staged, i), 0U);
  EXPECT_FALSE(staged.empty());
  EXPECT_THAT(drain(staged), testing::ElementsAre(0, 1, 2));
  EXPECT_TRUE(staged.empty());
  EXPECT_TRUE(drain(staged).empty());
}

TEST(StagedPackets, holds_128_and_drops_the_oldest_first) {  // P22
  StagedMemory memory;
  StagedPackets staged(memory);
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
  StagedMemory memory;
  StagedPackets staged(memory);
  EXPECT_EQ(staged.clear(), 0U);
  for (std::uint32_t i = 0; i < 5; ++i)
    push(staged, i);
  EXPECT_EQ(staged.clear(), 5U);
  EXPECT_TRUE(staged.empty());
}

// The first packet takes as long as the worker takes to stage more: it must not wait for the flush.
TEST(StagedPackets, a_worker_is_not_held_up_by_a_flush) {
  StagedMemory memory;
  StagedPackets staged(memory);
  push(staged, 0);
  std::atomic<bool> flushing{false};
  std::atomic<bool> pushed{false};
  std::vector<std::uint32_t> seen;
  std::thread control([&] {
    staged.flush([&](ByteSpan packet) {
      flushing = true;
      while (!pushed)
        std::this_thread::yield();
      seen.push_back(load<std::uint32_t>(packet));
    });
  });
  while (!flushing)
    std::this_thread::yield();
  for (std::uint32_t i = 1; i < 5; ++i) {
    StagedPackets::Appender appender(staged);
    EXPECT_FALSE(appender.is_empty());
    Bytes<4> packet{};
    store(MutByteSpan(packet), i);
    appender.push(packet);
  }
  pushed = true;
  control.join();
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(staged.empty());
}

// A worker that has a key stages behind what waits, and sends itself once nothing does. It stages
// as fast as it can, while each packet takes 3 us to send.
TEST(StagedPackets, a_flush_ends_however_fast_packets_come) {
  StagedMemory memory;
  StagedPackets staged(memory);
  for (int round = 0; round < 20; ++round) {
    for (std::uint32_t i = 0; i < 128; ++i)
      push(staged, i);
    std::atomic<bool> flushing{false};
    std::size_t handed_out = 0;
    std::thread control([&] {
      handed_out = staged.flush([&flushing](ByteSpan) {
        flushing = true;
        const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(3);
        while (std::chrono::steady_clock::now() < end) {
        }
      });
    });
    while (!flushing)
      std::this_thread::yield();
    for (bool sends_itself = false; !sends_itself;) {
      StagedPackets::Appender appender(staged);
      sends_itself = appender.is_empty();
      if (!sends_itself) appender.push(Bytes<4>{});
    }
    control.join();
    EXPECT_TRUE(staged.empty());
    EXPECT_LE(handed_out, 4 * StagedPackets::kLimit);
  }
}

// A worker that has a key stages three packets for each one that leaves, until it may send itself.
// More than a queue holds would come while the first 128 leave. Nothing may be dropped for room.
// A worker stages three packets for each that leaves. The flush waits for them, if the worker is
// not held up by its last pass: else this would be about which thread the kernel lets run.
TEST(StagedPackets, a_flush_drops_nothing_of_a_flow_that_is_faster) {
  constexpr std::chrono::microseconds kPatience{200};
  StagedMemory memory;
  StagedPackets staged(memory);
  std::uint32_t pushed = 0;
  while (pushed < 128)
    push(staged, pushed++);
  std::atomic<std::uint32_t> left{0}, answered{0};
  std::vector<std::uint32_t> seen;
  std::thread control([&] {
    staged.flush([&](ByteSpan packet) {
      seen.push_back(load<std::uint32_t>(packet));
      const std::uint32_t now = ++left;
      const auto end = std::chrono::steady_clock::now() + kPatience;
      while (answered != now && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    });
  });
  while (left == 0)
    std::this_thread::yield();
  std::uint32_t dropped = 0;
  for (bool sends_itself = false; !sends_itself; std::this_thread::yield()) {
    StagedPackets::Appender appender(staged);
    sends_itself = appender.is_empty();
    const std::uint32_t now = left;
    if (sends_itself || now == answered) continue;
    for (int n = 0; n < 3; ++n) {
      Bytes<4> packet{};
      store(MutByteSpan(packet), pushed++);
      dropped += static_cast<std::uint32_t>(appender.push(packet).overflow);
    }
    answered = now;
  }
  control.join();
  EXPECT_EQ(dropped, 0U);
  ASSERT_EQ(seen.size(), pushed);
  for (std::uint32_t i = 0; i < pushed; ++i)
    ASSERT_EQ(seen[i], i);
}

TEST(StagedPackets, a_run_is_staged_as_a_whole) {
  StagedMemory memory;
  StagedPackets staged(memory);
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
  // A mutex is of 40 bytes on x86-64 and of 48 on arm64.
  EXPECT_LE(sizeof(StagedPackets), 48 + sizeof(std::mutex));
}

TEST(StagedPackets, packets_of_one_thread_keep_their_order_while_another_flushes) {
  StagedMemory memory;
  StagedPackets staged(memory);
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
