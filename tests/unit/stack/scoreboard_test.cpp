// Segments of 100 bytes, which are sent a millisecond apart, and round trips of 100 ms.
#include "stack/scoreboard.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kBase = 0xffffff00;  // it wraps around after 256
constexpr Duration kLeast = 100ms;

TimePoint ms(int since) {
  return TimePoint(std::chrono::milliseconds(since));
}

SequenceRange nth(std::uint32_t first, std::uint32_t count = 1) {
  return {kBase + 100 * first, kBase + 100 * (first + count)};
}

class ScoreboardTest : public testing::Test {
 protected:
  // Segment n leaves after n milliseconds.
  void send(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
      board_.on_sent(nth(i), ms(static_cast<int>(i)));
  }
  Scoreboard::Delivery arrive(SequenceRange block, TimePoint now) {
    Scoreboard::Delivery delivery;
    board_.on_selected(block, now, kLeast, delivery);
    return delivery;
  }
  Scoreboard::Delivery acknowledge(std::uint32_t count, TimePoint now) {
    Scoreboard::Delivery delivery;
    board_.on_acknowledged(nth(count).begin, now, kLeast, delivery);
    return delivery;
  }
  // A letter for each: it is on its way, has arrived, is lost, or was sent again.
  [[nodiscard]] std::string picture() const {
    std::string drawn;
    for (const auto& each : board_.segments())
      drawn += each.arrived ? 'a' : each.lost ? 'l' : each.resent ? 'r' : '-';
    return drawn;
  }

  Scoreboard board_;
};

TEST_F(ScoreboardTest, counts_what_is_on_its_way) {
  send(5);
  EXPECT_EQ(board_.in_flight(), 500U);
  EXPECT_EQ(arrive(nth(2, 2), ms(102)).bytes, 200U);
  EXPECT_EQ(board_.in_flight(), 300U);
  EXPECT_EQ(arrive(nth(2, 3), ms(104)).bytes, 100U);
  EXPECT_EQ(picture(), "--aaa");
  EXPECT_EQ(acknowledge(5, ms(110)).bytes, 200U);
  EXPECT_TRUE(board_.empty());
  EXPECT_EQ(board_.total(), 0U);
}

TEST_F(ScoreboardTest, measures_the_newest_that_was_sent_once) {
  send(5);
  EXPECT_EQ(acknowledge(3, ms(102)).round_trip, 100ms);
  board_.lose_all();
  board_.on_sent(nth(3), ms(200));
  EXPECT_EQ(acknowledge(4, ms(300)).round_trip, std::nullopt);
}

// RFC 8985, 5: what was sent before something that has arrived, and reordering does not explain.
TEST_F(ScoreboardTest, loses_what_was_sent_before_what_has_arrived) {
  send(5);
  arrive(nth(2), ms(102));
  const Scoreboard::Losses found = board_.find_losses(ms(102), 0ms);
  EXPECT_EQ(found.bytes, 200U);
  EXPECT_EQ(picture(), "lla--");
  EXPECT_EQ(board_.in_flight(), 200U);
}

TEST_F(ScoreboardTest, waits_for_what_may_have_been_overtaken) {
  send(5);
  arrive(nth(2), ms(102));
  Scoreboard::Losses found = board_.find_losses(ms(102), 25ms);
  EXPECT_EQ(found.bytes, 0U);
  // The second segment left at 1 ms, so it is lost once 100 and 25 more have passed.
  EXPECT_EQ(found.wait, 24ms);
  found = board_.find_losses(ms(125), 25ms);
  EXPECT_EQ(picture(), "l-a--");
  EXPECT_EQ(found.wait, 1ms);
  EXPECT_EQ(board_.find_losses(ms(126), 25ms).wait, 0ms);
  EXPECT_EQ(picture(), "lla--");
}

TEST_F(ScoreboardTest, loses_again_what_was_sent_again_in_vain) {
  send(5);
  arrive(nth(1, 2), ms(102));
  board_.find_losses(ms(102), 0ms);
  EXPECT_EQ(picture(), "laa--");
  board_.on_sent(nth(0), ms(103));
  board_.on_sent(nth(5), ms(104));
  EXPECT_EQ(picture(), "raa---");
  arrive(nth(3, 2), ms(104));
  EXPECT_EQ(board_.find_losses(ms(104), 0ms).bytes, 0U);
  arrive(nth(5), ms(204));
  EXPECT_EQ(board_.find_losses(ms(204), 0ms).bytes, 100U);
  EXPECT_EQ(picture(), "laaaaa");
}

TEST_F(ScoreboardTest, does_not_take_the_first_for_the_answer_to_the_second) {
  send(3);
  board_.lose_all();
  board_.on_sent(nth(0), ms(100));
  // It comes too soon, so it says nothing of those that were sent before 100 ms.
  acknowledge(1, ms(102));
  board_.on_sent(nth(1), ms(103));
  EXPECT_EQ(board_.find_losses(ms(103), 0ms).bytes, 0U);
}

TEST_F(ScoreboardTest, sees_that_one_was_overtaken) {
  send(4);
  EXPECT_FALSE(arrive(nth(1, 3), ms(103)).reordered);
  EXPECT_TRUE(acknowledge(4, ms(104)).reordered);
}

TEST_F(ScoreboardTest, sees_no_overtaking_where_it_was_sent_again) {
  send(4);
  arrive(nth(1, 3), ms(103));
  board_.find_losses(ms(103), 0ms);
  board_.on_sent(nth(0), ms(103));
  EXPECT_FALSE(acknowledge(4, ms(204)).reordered);
}

TEST_F(ScoreboardTest, splits_what_was_acknowledged_in_part) {
  send(2);
  Scoreboard::Delivery delivery;
  board_.on_acknowledged(kBase + 150, ms(101), kLeast, delivery);
  EXPECT_EQ(delivery.bytes, 150U);
  EXPECT_EQ(board_.in_flight(), 50U);
  EXPECT_EQ(board_.segments().front().range, (SequenceRange{kBase + 150, kBase + 200}));
}

TEST_F(ScoreboardTest, follows_segments_that_are_cut_anew) {
  send(3);
  board_.lose_all();
  board_.on_sent({kBase + 50, kBase + 350}, ms(50));
  EXPECT_EQ(picture(), "lrrr-");
  EXPECT_EQ(board_.total(), 350U);
  EXPECT_EQ(board_.lost(), 50U);
  EXPECT_EQ(board_.segments().back().range, (SequenceRange{kBase + 300, kBase + 350}));
}

TEST_F(ScoreboardTest, forgets_what_the_far_end_has_dropped) {
  send(3);
  arrive(nth(1, 2), ms(102));
  board_.forget_arrived();
  EXPECT_EQ(picture(), "---");
  EXPECT_EQ(board_.in_flight(), 300U);
}

TEST_F(ScoreboardTest, takes_the_last_that_has_not_arrived_for_a_probe) {
  send(3);
  arrive(nth(2), ms(102));
  board_.lose_last();
  EXPECT_EQ(picture(), "-la");
}

TEST_F(ScoreboardTest, holds_blocks_of_what_was_never_sent_for_nothing) {
  send(2);
  EXPECT_EQ(arrive(nth(5, 2), ms(100)).bytes, 0U);
  EXPECT_EQ(arrive({kBase + 20, kBase + 90}, ms(100)).bytes, 0U);
  EXPECT_EQ(picture(), "--");
}

}  // namespace
}  // namespace wring::stack
