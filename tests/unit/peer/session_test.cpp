#include "peer/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};

class SessionTest : public testing::Test {
 protected:
  StagedMemory memory_;
  Peer peer_{PublicKey{}, 1, memory_};
  Session initiator_{peer_, keys_of_test(true, 1, 2), kMade};
  Session responder_{peer_, keys_of_test(false, 2, 1), kMade};
};

TEST_F(SessionTest, is_of_no_use_from_180_seconds_on) {  // P8
  EXPECT_TRUE(initiator_.can_send(kMade + 180s - 1ns));
  EXPECT_FALSE(initiator_.can_send(kMade + 180s));
  EXPECT_TRUE(initiator_.can_receive(kMade + 180s - 1ns));
  EXPECT_FALSE(initiator_.can_receive(kMade + 180s));
}

TEST_F(SessionTest, the_initiator_wants_a_new_key_after_120_seconds_of_sending) {  // P8
  EXPECT_FALSE(initiator_.wants_rekey_on_send(kMade + 120s - 1ns));
  EXPECT_TRUE(initiator_.wants_rekey_on_send(kMade + 120s));
  EXPECT_FALSE(responder_.wants_rekey_on_send(kMade + 179s));
}

TEST_F(SessionTest, the_initiator_wants_a_new_key_after_165_seconds_of_receiving) {  // P8
  EXPECT_FALSE(initiator_.wants_rekey_on_receive(kMade + 165s - 1ns));
  EXPECT_TRUE(initiator_.wants_rekey_on_receive(kMade + 165s));
  EXPECT_FALSE(responder_.wants_rekey_on_receive(kMade + 179s));
  EXPECT_TRUE(initiator_.ask_last_minute_key());
  EXPECT_FALSE(initiator_.ask_last_minute_key());
}

TEST_F(SessionTest, either_side_wants_a_new_key_after_2_to_the_60_messages) {  // P8
  for (Session* session : {&initiator_, &responder_}) {
    session->set_send_counter_for_test(std::uint64_t{1} << 60);
    EXPECT_FALSE(session->wants_rekey_on_send(kMade));
    session->set_send_counter_for_test((std::uint64_t{1} << 60) + 1);
    EXPECT_TRUE(session->wants_rekey_on_send(kMade));
    EXPECT_TRUE(session->can_send(kMade));
  }
}

TEST_F(SessionTest, the_last_counter_is_2_to_the_64_less_2_to_the_13_less_2) {  // P1, P8
  const std::uint64_t reject = 18446744073709543423ULL;                         // 2^64 - 2^13 - 1
  std::uint64_t first = 0;
  initiator_.set_send_counter_for_test(reject - 3);
  EXPECT_TRUE(initiator_.can_send(kMade));
  EXPECT_EQ(initiator_.reserve_counters(64, first), 3U);
  EXPECT_EQ(first, reject - 3);
  EXPECT_FALSE(initiator_.can_send(kMade));
  for (int i = 0; i < 1'000; ++i)
    EXPECT_EQ(initiator_.reserve_counters(64, first), 0U);
}

TEST_F(SessionTest, counters_start_at_zero_and_no_two_threads_get_the_same) {
  std::vector<std::uint64_t> seen[3];
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([this, &mine] {
      for (std::size_t i = 0; i < 2'000; ++i) {
        std::uint64_t first = 0;
        const std::size_t got = initiator_.reserve_counters(i % 3 + 1, first);
        for (std::size_t n = 0; n < got; ++n)
          mine.push_back(first + n);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::vector<std::uint64_t> all;
  for (const auto& mine : seen)
    all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(all[i], i);
}

TEST_F(SessionTest, the_responder_s_is_confirmed_once_the_initiator_s_from_the_start) {  // P10
  EXPECT_TRUE(initiator_.is_confirmed());
  EXPECT_FALSE(initiator_.confirm(TimePoint{}));
  EXPECT_FALSE(responder_.is_confirmed());
  EXPECT_TRUE(responder_.confirm(TimePoint{}));
  EXPECT_TRUE(responder_.is_confirmed());
  EXPECT_FALSE(responder_.confirm(TimePoint{}));
}

// A session that is confirmed becomes the one to send on, and the one before becomes its twin. A
// worker that looks meanwhile must not get the old one, which the other side may have lost.
TEST_F(SessionTest, a_confirmed_session_is_sent_on_while_it_is_promoted) {
  ASSERT_TRUE(responder_.confirm(kMade));
  Session twin(peer_, keys_of_test(false, 3, 4), kMade);
  for (int round = 0; round < 500; ++round) {
    peer_.sending = &twin;
    peer_.sending_once_confirmed = &responder_;
    std::atomic<bool> looks{false};
    std::atomic<bool> promoted{false};
    bool old_one = false;
    std::thread worker([&] {
      do {
        old_one = old_one || peer_.session_to_send_on(kMade) != &responder_;
        looks = true;
      } while (!promoted);
    });
    while (!looks)
      std::this_thread::yield();
    peer_.sending.store(&responder_, std::memory_order_release);
    peer_.sending_once_confirmed.store(&twin, std::memory_order_release);
    promoted = true;
    worker.join();
    ASSERT_FALSE(old_one) << "round " << round;
  }
}

}  // namespace
}  // namespace wring
