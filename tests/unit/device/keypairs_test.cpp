#include "device/keypairs.h"

#include <gtest/gtest.h>

#include "tests/support/sessions.h"

namespace wring {
namespace {

class KeypairsTest : public testing::Test {
 protected:
  Session* add(bool is_initiator) {
    auto session =
        std::make_unique<Session>(peer_, keys_of_test(is_initiator, ++index_, 99), TimePoint{});
    Session* added = session.get();
    dropped_ = keypairs_.add(std::move(session));
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

  Peer peer_{PublicKey{}, 1};
  Keypairs keypairs_;
  Keypairs::Dropped dropped_;
  std::uint32_t index_ = 0;
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
  dropped_ = keypairs_.promote_next();
  expect(first, second, nullptr);
  const Session* third = add(false);
  expect(nullptr, second, third);
  EXPECT_EQ(dropped(), 1U);  // the previous one goes as soon as a newer one is made
}

TEST_F(KeypairsTest, a_second_next_replaces_the_first) {
  add(false);
  const Session* second = add(false);
  expect(nullptr, nullptr, second);
  EXPECT_EQ(dropped(), 1U);
}

TEST_F(KeypairsTest, an_unconfirmed_next_becomes_previous_when_our_own_handshake_completes) {
  const Session* old = add(true);
  const Session* theirs = add(false);
  const Session* ours = add(true);
  expect(theirs, ours, nullptr);
  EXPECT_EQ(dropped(), 1U);
  EXPECT_NE(old, ours);
}

TEST_F(KeypairsTest, clear_empties_all_slots) {  // P14
  add(true);
  add(true);
  add(false);
  dropped_ = keypairs_.clear();
  expect(nullptr, nullptr, nullptr);
  EXPECT_EQ(dropped(), 2U);
}

}  // namespace
}  // namespace wring
