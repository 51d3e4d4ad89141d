#include "peer/peer_activity.h"

#include <gtest/gtest.h>

#include <thread>

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

TEST(PeerActivity, the_first_data_sent_tells_the_control_thread_and_what_follows_does_not) {  // P9
  PeerActivity activity;
  EXPECT_TRUE(activity.on_data_sent(kStart));
  EXPECT_EQ(activity.watch_awaiting_reply(), kStart);
  EXPECT_FALSE(activity.on_data_sent(kStart + 1s));
  EXPECT_EQ(activity.awaiting_reply_since(), kStart);
  activity.on_received(kStart + 2s);
  EXPECT_EQ(activity.awaiting_reply_since(), kNever);
  EXPECT_FALSE(activity.on_data_sent(kStart + 3s));  // the armed timer looks at the time
  EXPECT_EQ(activity.awaiting_reply_since(), kStart + 3s);
}

TEST(PeerActivity, an_answer_that_comes_before_the_control_thread_looks_ends_the_watch) {  // P9
  PeerActivity activity;
  EXPECT_TRUE(activity.on_data_sent(kStart));
  activity.on_received(kStart + 1ms);
  EXPECT_EQ(activity.watch_awaiting_reply(), kNever);
  EXPECT_TRUE(activity.on_data_sent(kStart + 1s));
}

TEST(PeerActivity, a_reply_that_goes_before_the_control_thread_looks_ends_the_watch) {  // P26
  PeerActivity activity;
  EXPECT_TRUE(activity.on_data_received(kStart));
  activity.on_sent(kStart + 1ms);
  EXPECT_EQ(activity.watch_owing_reply(), kNever);
  EXPECT_TRUE(activity.on_data_received(kStart + 1s));
}

TEST(PeerActivity, after_the_watch_was_stopped_data_tells_again) {
  PeerActivity activity;
  EXPECT_TRUE(activity.on_data_sent(kStart));
  EXPECT_TRUE(activity.on_data_received(kStart));
  EXPECT_EQ(activity.watch_awaiting_reply(), kStart);
  EXPECT_EQ(activity.watch_owing_reply(), kStart);
  activity.stop_watching();
  EXPECT_EQ(activity.awaiting_reply_since(), kNever);
  EXPECT_EQ(activity.owing_reply_since(), kNever);
  EXPECT_TRUE(activity.on_data_sent(kStart + 1s));
  EXPECT_TRUE(activity.on_data_received(kStart + 1s));
}

TEST(PeerActivity, the_watch_goes_on_if_the_clock_was_started_meanwhile) {
  PeerActivity activity;
  EXPECT_TRUE(activity.on_data_received(kStart));
  EXPECT_EQ(activity.watch_owing_reply(), kStart);
  activity.on_sent(kStart + 1s);
  EXPECT_FALSE(activity.on_data_received(kStart + 2s));
  EXPECT_EQ(activity.unwatch_owing_reply(), kStart + 2s);
  EXPECT_FALSE(activity.on_data_received(kStart + 3s));
  EXPECT_TRUE(activity.received_data_after(kStart + 2s));
  activity.on_sent(kStart + 4s);
  EXPECT_EQ(activity.unwatch_owing_reply(), kNever);
  EXPECT_TRUE(activity.on_data_received(kStart + 5s));
}

TEST(PeerActivity, every_authentic_message_in_either_direction_is_a_traversal) {  // P27
  PeerActivity activity;
  activity.on_sent(kStart);
  EXPECT_EQ(activity.last_traversal(), kStart);
  activity.on_received(kStart + 1s);
  EXPECT_EQ(activity.last_traversal(), kStart + 1s);
}

// Whatever the interleaving, a clock that runs is either watched or told of: else P9 would be lost.
TEST(PeerActivity, no_started_clock_is_missed_by_both_threads) {
  for (int round = 0; round < 2'000; ++round) {
    PeerActivity activity;
    ASSERT_TRUE(activity.on_data_sent(kStart));
    ASSERT_EQ(activity.watch_awaiting_reply(), kStart);
    activity.on_received(kStart + 1s);
    bool told = false;
    std::thread worker([&] { told = activity.on_data_sent(kStart + 2s); });
    const bool watched = activity.unwatch_awaiting_reply() != kNever;
    worker.join();
    ASSERT_TRUE(told || watched);
  }
}

}  // namespace
}  // namespace wring
