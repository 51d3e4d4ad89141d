#include "device/peer_timers.h"

#include <gtest/gtest.h>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

TEST(PeerTimers, none_is_armed_at_first) {
  PeerTimers timers;
  EXPECT_EQ(timers.next_deadline(), kNever);
  EXPECT_FALSE(timers.take_due(kNever - 1ns).has_value());
}

TEST(PeerTimers, hands_out_what_is_due_earliest_first_and_once) {
  PeerTimers timers;
  timers.arm(Timer::kZeroKeys, kStart + 3s);
  timers.arm(Timer::kPassiveKeepalive, kStart + 1s);
  timers.arm(Timer::kRetransmitHandshake, kStart + 2s);
  EXPECT_EQ(timers.next_deadline(), kStart + 1s);
  EXPECT_FALSE(timers.take_due(kStart + 1s - 1ns).has_value());
  EXPECT_EQ(timers.take_due(kStart + 2s), Timer::kPassiveKeepalive);
  EXPECT_EQ(timers.take_due(kStart + 2s), Timer::kRetransmitHandshake);
  EXPECT_FALSE(timers.take_due(kStart + 2s).has_value());
  EXPECT_TRUE(timers.is_armed(Timer::kZeroKeys));
  EXPECT_EQ(timers.next_deadline(), kStart + 3s);
}

TEST(PeerTimers, arming_again_moves_the_deadline) {
  PeerTimers timers;
  timers.arm(Timer::kNewHandshake, kStart);
  timers.arm(Timer::kNewHandshake, kStart + 5s);
  EXPECT_EQ(timers.next_deadline(), kStart + 5s);
  timers.disarm(Timer::kNewHandshake);
  EXPECT_FALSE(timers.is_armed(Timer::kNewHandshake));
  EXPECT_EQ(timers.next_deadline(), kNever);
}

TEST(PeerTimers, disarm_all_leaves_nothing) {
  PeerTimers timers;
  timers.arm(Timer::kNewHandshake, kStart);
  timers.arm(Timer::kPersistentKeepalive, kStart);
  timers.disarm_all();
  EXPECT_EQ(timers.next_deadline(), kNever);
}

}  // namespace
}  // namespace wring
