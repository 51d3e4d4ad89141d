#include "device/keypairs.h"

#include <gtest/gtest.h>

#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

class KeypairsTest : public testing::Test {
 protected:
  // Made two minutes after the one before, unless `after` is less.
  Session* add(bool is_initiator, Duration after = 120s, TimePoint twin_from = TimePoint{}) {
    now_ += after;
    auto session = std::make_unique<Session>(peer_, keys_of_test(is_initiator, ++index_, 99), now_);
    Session* added = session.get();
    dropped_ = is_initiator ? keypairs_.add_initiated(std::move(session), twin_from)
                            : keypairs_.add_answered(std::move(session));
    return added;
  }
  void expect(const Session* previous, const Session* current, const Session* next) const {
    EXPECT_EQ(keypairs_.previous(), previous);
    EXPECT_EQ(keypairs_.current(), current);
    EXPECT_EQ(keypairs_.next(), next);
  }
  [[nodiscard]] std::size_t dropped() const {
    std::size_t count = 0;
    for (const auto& session : dropped_)
      count += session != nullptr ? 1U : 0U;
    return count;
  }

  StagedMemory memory_;
  Peer peer_{PublicKey{}, 1, memory_};
  Keypairs keypairs_;
  Keypairs::Dropped dropped_;
  std::uint32_t index_ = 0;
  TimePoint now_{};
};

TEST_F(KeypairsTest, an_initiator_s_session_is_current_at_once) {  // P11
  const Session* first = add(true);
  expect(nullptr, first, nullptr);
  const Session* second = add(true);
  expect(first, second, nullptr);
  EXPECT_EQ(dropped(), 0U);
  const Session* third = add(true);
  expect(second, third, nullptr);
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(KeypairsTest, a_responder_s_session_waits_as_next_until_promoted) {  // P10
  const Session* first = add(true);
  const Session* second = add(false);
  expect(nullptr, first, second);
  dropped_ = keypairs_.promote_next(TimePoint{});
  expect(first, second, nullptr);
  Session* third = add(false);
  expect(first, second, third);  // the other side may still send on any of them
  EXPECT_EQ(dropped(), 0U);
  EXPECT_FALSE(keypairs_.are_twins());
  dropped_ = keypairs_.promote_next(TimePoint{});
  expect(second, third, nullptr);
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(KeypairsTest, a_next_that_a_second_one_replaces_is_still_received_on) {
  const Session* first = add(false);
  const Session* second = add(false, 5s);
  expect(first, nullptr, second);
  EXPECT_EQ(dropped(), 0U);
  const Session* third = add(false, 5s);
  expect(second, nullptr, third);
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(KeypairsTest, handshakes_that_cross_drop_no_session_in_use) {
  const Session* old = add(true);
  const Session* theirs = add(false);
  const Session* ours = add(true, 1s);
  expect(old, ours, theirs);
  EXPECT_EQ(dropped(), 0U);
  EXPECT_TRUE(keypairs_.are_twins());
}

TEST_F(KeypairsTest, nor_do_those_whose_crossing_only_the_other_side_has_seen) {
  const Session* old = add(true);
  const Session* ours = add(true);
  const Session* theirs = add(false, 1s);
  expect(old, ours, theirs);
  EXPECT_TRUE(keypairs_.are_twins());
  dropped_ = keypairs_.promote_next(TimePoint{});
  expect(old, theirs, ours);
  EXPECT_EQ(dropped(), 0U);
}

TEST_F(KeypairsTest, twins_change_places_when_data_arrives_on_next_in_time) {
  const Session* old = add(true);
  Session* theirs = add(false);
  const TimePoint from(20s);
  Session* ours = add(true, 1s, from);
  EXPECT_FALSE(theirs->confirm(from - 1ns));
  EXPECT_TRUE(theirs->confirm(from));
  EXPECT_FALSE(theirs->confirm(from));
  dropped_ = keypairs_.promote_next(from + 5s);
  expect(old, theirs, ours);
  EXPECT_EQ(dropped(), 0U);
  // And back, should the other side use that one after all.
  EXPECT_FALSE(ours->confirm(from + 4s));
  EXPECT_TRUE(ours->confirm(from + 5s));
  dropped_ = keypairs_.promote_next(TimePoint{});
  expect(old, ours, theirs);
}

TEST_F(KeypairsTest, the_handshake_after_twins_keeps_both_of_them) {
  add(true);
  const Session* theirs = add(false);
  const Session* ours = add(true, 1s);
  const Session* renewed = add(false);
  expect(theirs, ours, renewed);
  EXPECT_EQ(dropped(), 1U);
  EXPECT_FALSE(keypairs_.are_twins());
}

TEST_F(KeypairsTest, an_old_twin_goes_when_we_renew) {
  add(true);
  add(false);
  const Session* ours = add(true, 1s);
  const Session* renewed = add(true);
  expect(ours, renewed, nullptr);
  EXPECT_EQ(dropped(), 2U);
}

TEST_F(KeypairsTest, clear_empties_all_slots) {  // P14
  add(true);
  add(true);
  add(false);
  dropped_ = keypairs_.clear();
  expect(nullptr, nullptr, nullptr);
  EXPECT_EQ(dropped(), 3U);
}

}  // namespace
}  // namespace wring
