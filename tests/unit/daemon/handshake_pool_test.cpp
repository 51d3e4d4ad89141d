#include "daemon/handshake_pool.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <set>

#include "tests/support/whole_handshake.h"

namespace wring {
namespace {

constexpr int kPatienceMs = 10'000;

class HandshakePoolTest : public testing::Test {
 protected:
  // The first message of somebody new, to be looked into.
  std::unique_ptr<HandshakeJob> next_job() {
    const LocalIdentity caller(generate_private_key(rng_));
    callers_.insert(caller.public_key());
    const auto shared = agree_with(caller, responder_->public_key());
    const auto made =
        initiate(caller, responder_->public_key(), *shared, SessionIndex{1}, Tai64n{}, rng_);
    return std::make_unique<HandshakeJob>(
        HandshakeJob{responder_, Endpoint(), IdentifyWork{.message = made->message}});
  }

  // Whom the jobs that came back were from, once there are `count` of them.
  std::set<PublicKey> await(HandshakePool& pool, std::size_t count) {
    std::set<PublicKey> found;
    while (found.size() < count) {
      pollfd woken{control_.fd(), POLLIN, 0};
      if (poll(&woken, 1, kPatienceMs) != 1) break;
      control_.clear();
      for (const auto& job : pool.take_done())
        found.insert(std::get<IdentifyWork>(job->work).identified->remote_static);
    }
    return found;
  }

  SystemRng rng_;
  Wakeup control_ = std::move(*Wakeup::create());
  std::shared_ptr<const LocalIdentity> responder_ =
      std::make_shared<const LocalIdentity>(generate_private_key(rng_));
  std::set<PublicKey> callers_;
};

TEST_F(HandshakePoolTest, every_job_comes_back_run_and_the_control_thread_is_woken_for_it) {
  HandshakePool pool(control_);
  pool.start(3, [] {});
  for (int i = 0; i < 200; ++i)
    pool.submit(next_job());
  pool.start_submitted();
  EXPECT_EQ(await(pool, 200), callers_);
  pool.submit(next_job());
  pool.start_submitted();
  EXPECT_EQ(await(pool, 1).size(), 1U);
}

TEST_F(HandshakePoolTest, eight_jobs_of_one_turn_are_run_by_one_thread_and_come_back_together) {
  HandshakePool pool(control_);
  pool.start(3, [] {});
  for (int i = 0; i < 8; ++i)
    pool.submit(next_job());
  pool.start_submitted();
  pollfd woken{control_.fd(), POLLIN, 0};
  ASSERT_EQ(poll(&woken, 1, kPatienceMs), 1);
  EXPECT_EQ(pool.take_done().size(), 8U);
}

TEST_F(HandshakePoolTest, ends_while_jobs_wait) {
  HandshakePool pool(control_);
  pool.start(1, [] {});
  for (int i = 0; i < 100; ++i)
    pool.submit(next_job());
  pool.start_submitted();
  pool.submit(next_job());
}

TEST_F(HandshakePoolTest, a_thread_prepares_itself_before_it_works_and_what_came_earlier_waits) {
  std::atomic<bool> prepared{false};
  HandshakePool pool(control_);
  pool.submit(next_job());
  pool.start_submitted();
  EXPECT_TRUE(pool.take_done().empty());
  pool.start(1, [&] { prepared = true; });
  EXPECT_EQ(await(pool, 1), callers_);
  EXPECT_TRUE(prepared);
}

TEST_F(HandshakePoolTest, has_nothing_to_take_before_a_job_was_run) {
  HandshakePool pool(control_);
  pool.start(2, [] {});
  EXPECT_TRUE(pool.take_done().empty());
}

}  // namespace
}  // namespace wring
