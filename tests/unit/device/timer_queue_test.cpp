#include "device/timer_queue.h"

#include <gtest/gtest.h>

#include <deque>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

class TimerQueueTest : public testing::Test {
 protected:
  DevicePeer& peer_due(TimePoint at) {
    DevicePeer& peer = peers_.emplace_back(PublicKey{}, peers_.size() + 1, memory_);
    queue_.arm(peer, Timer::kZeroKeys, at);
    return peer;
  }

  StagedMemory memory_;
  std::deque<DevicePeer> peers_;
  TimerQueue queue_;
};

TEST_F(TimerQueueTest, is_never_due_while_empty) {
  EXPECT_EQ(queue_.next_deadline(), kNever);
  EXPECT_EQ(queue_.due(kNever - 1ns), nullptr);
}

TEST_F(TimerQueueTest, gives_the_earliest_peer_when_its_time_has_come) {
  peer_due(kStart + 2s);
  DevicePeer& first = peer_due(kStart + 1s);
  EXPECT_EQ(queue_.next_deadline(), kStart + 1s);
  EXPECT_EQ(queue_.due(kStart + 1s - 1ns), nullptr);
  EXPECT_EQ(queue_.due(kStart + 5s), &first);
}

TEST_F(TimerQueueTest, follows_a_peer_whose_timers_move) {
  DevicePeer& peer = peer_due(kStart + 1s);
  queue_.arm(peer, Timer::kZeroKeys, kStart + 9s);
  EXPECT_EQ(queue_.next_deadline(), kStart + 9s);
  EXPECT_TRUE(queue_.agrees_with(peer));
  queue_.disarm_all(peer);
  EXPECT_EQ(queue_.next_deadline(), kNever);
}

TEST_F(TimerQueueTest, forgets_a_peer_whose_timers_are_disarmed_however_often) {
  DevicePeer& peer = peer_due(kStart);
  queue_.disarm(peer, Timer::kZeroKeys);
  queue_.disarm_all(peer);
  EXPECT_EQ(queue_.next_deadline(), kNever);
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(TimerQueueTest, peers_due_at_once_come_in_the_order_of_their_configuration) {
  for (int i = 0; i < 20; ++i)
    peer_due(kStart);
  for (DevicePeer& peer : peers_) {
    EXPECT_EQ(queue_.due(kStart), &peer);
    EXPECT_EQ(queue_.take_due(peer, kStart), Timer::kZeroKeys);
    EXPECT_EQ(queue_.take_due(peer, kStart), std::nullopt);
  }
}

}  // namespace
}  // namespace wring
