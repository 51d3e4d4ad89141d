// Jobs that are worked on together come to what each would come to alone.
#include "device/handshake_job.h"

#include <gtest/gtest.h>

#include <vector>

#include "crypto/aead.h"
#include "tests/sim/simulated_network.h"
#include "tests/support/whole_handshake.h"

namespace wring::test {
namespace {

class HandshakeJobs : public testing::Test {
 protected:
  struct Caller {
    LocalIdentity identity;
    Initiation initiation;
  };

  void SetUp() override { ASSERT_TRUE(prepare_crypto()); }

  Caller caller(std::uint32_t index) {
    LocalIdentity identity(generate_private_key(rng_));
    const auto shared = agree_with(identity, responder_->public_key());
    auto initiation =
        initiate(identity, responder_->public_key(), *shared, SessionIndex{index}, stamp_, rng_);
    return {std::move(identity), std::move(*initiation)};
  }
  template <typename Work>
  HandshakeJob job(Work work) {
    return {responder_, Endpoint(), std::move(work)};
  }
  void run_all(std::vector<HandshakeJob>& jobs) {
    std::vector<HandshakeJob*> pointers;
    for (HandshakeJob& each : jobs)
      pointers.push_back(&each);
    run(pointers, rng_);
  }
  // The answers to all of them, worked on together; `change` spoils or completes each work.
  template <typename Change>
  std::vector<HandshakeJob> answers(const std::vector<Caller>& callers, Change change) {
    std::vector<HandshakeJob> jobs;
    for (const Caller& each : callers)
      jobs.push_back(job(IdentifyWork{.message = each.initiation.message}));
    run_all(jobs);
    std::vector<HandshakeJob> next;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      auto& identify = std::get<IdentifyWork>(jobs[i].work);
      AnswerWork work{.message = identify.message, .identified = std::move(*identify.identified)};
      change(i, work);
      next.push_back(job(std::move(work)));
    }
    run_all(next);
    return next;
  }

  SeededRng rng_{7};
  Tai64n stamp_ = tai64n_from(WallTime(std::chrono::seconds(1700000000)));
  std::shared_ptr<const LocalIdentity> responder_ =
      std::make_shared<const LocalIdentity>(generate_private_key(rng_));
};

TEST_F(HandshakeJobs, that_run_together_identify_each_its_own_caller) {
  std::vector<Caller> callers;
  std::vector<HandshakeJob> jobs;
  for (std::uint32_t i = 0; i < 19; ++i) {
    callers.push_back(caller(i));
    jobs.push_back(job(IdentifyWork{.message = callers.back().initiation.message}));
    if (i % 4 == 3) std::get<IdentifyWork>(jobs.back().work).message.static_key[0] ^= 1;
  }
  run_all(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& identified = std::get<IdentifyWork>(jobs[i].work).identified;
    ASSERT_EQ(identified.has_value(), i % 4 != 3) << i;
    if (!identified) continue;
    EXPECT_EQ(identified->remote_static, callers[i].identity.public_key());
  }
}

TEST_F(HandshakeJobs, that_run_together_are_answered_and_finished_one_by_one) {
  std::vector<Caller> callers;
  for (std::uint32_t i = 0; i < 11; ++i)
    callers.push_back(caller(i));
  // Half of the peers have shaken hands before.
  const auto jobs = answers(callers, [&](std::size_t i, AnswerWork& work) {
    if (i % 2 == 0) work.static_static = agree_with(*responder_, callers[i].identity.public_key());
  });
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& answer = std::get<AnswerWork>(jobs[i].work);
    ASSERT_TRUE(answer.response) << i;
    EXPECT_EQ(answer.timestamp, stamp_);
    EXPECT_EQ(*answer.static_static, *agree_with(*responder_, callers[i].identity.public_key()));
    std::vector<HandshakeJob> finishing;
    finishing.push_back({std::make_shared<const LocalIdentity>(std::move(callers[i].identity)),
                         Endpoint(),
                         FinishWork{.message = answer.response->message,
                                    .sent = callers[i].initiation.state.clone()}});
    run_all(finishing);
    const auto& keys = std::get<FinishWork>(finishing[0].work).keys;
    ASSERT_TRUE(keys) << i;
    EXPECT_EQ(keys->send, answer.response->keys.receive);
    EXPECT_EQ(keys->receive, answer.response->keys.send);
  }
}

TEST_F(HandshakeJobs, that_are_refused_cost_no_answer_and_do_not_disturb_their_neighbours) {
  std::vector<Caller> callers;
  for (std::uint32_t i = 0; i < 4; ++i)
    callers.push_back(caller(i));
  const auto jobs = answers(callers, [&](std::size_t i, AnswerWork& work) {
    if (i == 0) work.message.timestamp[0] ^= 1;
    if (i == 1) work.newer_than = stamp_;
    if (i == 2) work.too_soon = true;
  });
  const auto refused = [&](std::size_t i) { return std::get<AnswerWork>(jobs[i].work).refused; };
  EXPECT_EQ(refused(0), DropReason::kHandshakeForged);
  EXPECT_EQ(refused(1), DropReason::kHandshakeReplayed);
  EXPECT_EQ(refused(2), DropReason::kHandshakeFlood);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto& answer = std::get<AnswerWork>(jobs[i].work);
    EXPECT_EQ(answer.response.has_value(), i == 3);
    EXPECT_EQ(answer.ephemeral.key.is_zero(), true) << "made, and moved on or never made";
  }
}

TEST_F(HandshakeJobs, that_begin_a_handshake_make_what_the_other_side_takes) {
  std::vector<HandshakeJob> jobs;
  std::vector<LocalIdentity> others;
  for (std::uint64_t i = 0; i < 9; ++i) {
    others.emplace_back(generate_private_key(rng_));
    jobs.push_back(
        job(InitiateWork{.peer = i, .remote_static = others.back().public_key(), .stamp = stamp_}));
  }
  std::get<InitiateWork>(jobs[4].work).remote_static = PublicKey{};  // of low order, P17
  run_all(jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto& work = std::get<InitiateWork>(jobs[i].work);
    ASSERT_EQ(work.initiation.has_value(), i != 4) << i;
    ASSERT_EQ(work.static_static.has_value(), i != 4) << i;
    if (!work.initiation) continue;
    const auto identified = identify_initiator(others[i], work.initiation->message);
    ASSERT_TRUE(identified) << i;
    EXPECT_EQ(identified->remote_static, responder_->public_key());
  }
}

}  // namespace
}  // namespace wring::test
