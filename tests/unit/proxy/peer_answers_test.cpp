// When a peer counts as silent.
#include "proxy/peer_answers.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace wring::proxy {
namespace {

using std::chrono::seconds;

class Answers : public ::testing::Test {
 protected:
  Answers() {
    key_.bytes[0] = 1;
    config_.peers.emplace_back().public_key.emplace(key_, config::Position{});
    answers_.emplace(config_, *shared_);
  }

  // What the engine says at that second. A handshake of `age` seconds, if it is not negative.
  bool silent_at(int second, std::uint64_t sent, std::uint64_t received, int age = -1) {
    const WallTime wall{seconds(1'000'000 + second)};
    std::vector<PeerDescription> peers(1);
    peers[0].public_key = key_;
    peers[0].tx_bytes = sent;
    peers[0].rx_bytes = received;
    if (age >= 0) peers[0].last_handshake = wall - seconds(age);
    answers_->take(peers, TimePoint{seconds(second)}, wall);
    return shared_->silent[0].load();
  }

  PublicKey key_{};
  config::TunnelConfig config_;
  std::unique_ptr<Shared> shared_ = std::make_unique<Shared>();
  std::optional<PeerAnswers> answers_;
};

TEST_F(Answers, AfterSixSecondsOfInitiationsThatNobodyAnswers) {
  EXPECT_FALSE(silent_at(100, 148, 0));
  EXPECT_FALSE(silent_at(105, 296, 0));
  EXPECT_TRUE(silent_at(106, 296, 0));
  EXPECT_TRUE(answers_->any_is_silent());
  EXPECT_FALSE(silent_at(110, 444, 92)) << "it answers";
  EXPECT_FALSE(answers_->any_is_silent());
}

TEST_F(Answers, WithASessionAfterTwelve) {
  EXPECT_FALSE(silent_at(100, 1000, 1000, 10));
  EXPECT_FALSE(silent_at(101, 2000, 1000, 11));
  EXPECT_FALSE(silent_at(112, 3000, 1000, 22));
  EXPECT_TRUE(silent_at(113, 3000, 1000, 23));
}

TEST_F(Answers, WhoIsNotSentAnythingIsNotSilent) {
  EXPECT_FALSE(silent_at(100, 0, 0));
  EXPECT_FALSE(silent_at(1000, 0, 0));
}

}  // namespace
}  // namespace wring::proxy
