#include "device/timer_queue.h"

#include <gtest/gtest.h>

#include <deque>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

class TimerQueueTest : public testing::Test {
 protected:
  Peer& peer_due(TimePoint at) {
    Peer& peer = peers_.emplace_back(PublicKey{}, peers_.size() + 1);
    peer.timers.arm(Timer::kZeroKeys, at);
    queue_.update(peer);
    return peer;
  }

  std::deque<Peer> peers_;
  TimerQueue queue_;
};

TEST_F(TimerQueueTest, is_never_due_while_empty) {
  EXPECT_EQ(queue_.next_deadline(), kNever);
  EXPECT_EQ(queue_.due(kNever - 1ns), nullptr);
}

TEST_F(TimerQueueTest, gives_the_earliest_peer_when_its_time_has_come) {
  peer_due(kStart + 2s);
  Peer& first = peer_due(kStart + 1s);
  EXPECT_EQ(queue_.next_deadline(), kStart + 1s);
  EXPECT_EQ(queue_.due(kStart + 1s - 1ns), nullptr);
  EXPECT_EQ(queue_.due(kStart + 5s), &first);
}

TEST_F(TimerQueueTest, follows_a_peer_whose_timers_move) {
  Peer& peer = peer_due(kStart + 1s);
  peer.timers.arm(Timer::kZeroKeys, kStart + 9s);
  queue_.update(peer);
  EXPECT_EQ(queue_.next_deadline(), kStart + 9s);
  peer.timers.disarm_all();
  queue_.update(peer);
  EXPECT_EQ(queue_.next_deadline(), kNever);
}

TEST_F(TimerQueueTest, forgets_a_peer_that_is_removed_however_often) {
  Peer& peer = peer_due(kStart);
  queue_.remove(peer);
  queue_.remove(peer);
  EXPECT_EQ(queue_.next_deadline(), kNever);
}

TEST_F(TimerQueueTest, peers_due_at_once_come_in_the_order_of_their_configuration) {
  for (int i = 0; i < 20; ++i)
    peer_due(kStart);
  for (Peer& peer : peers_) {
    EXPECT_EQ(queue_.due(kStart), &peer);
    queue_.remove(peer);
  }
}

}  // namespace
}  // namespace wring
