// When a peer counts as silent.
#include "run/silence.h"

#include <gtest/gtest.h>

namespace wring::run {
namespace {

using std::chrono::seconds;

PeerDescription counted(std::uint64_t sent, std::uint64_t received) {
  PeerDescription peer;
  peer.tx_bytes = sent;
  peer.rx_bytes = received;
  return peer;
}

TimePoint at(int second) {
  return TimePoint{} + seconds(second);
}

TEST(SilenceWatch, a_peer_that_is_asked_in_vain_for_90_seconds_is_silent) {
  SilenceWatch watch;
  EXPECT_FALSE(watch.is_silent(counted(148, 0), at(0)));
  EXPECT_FALSE(watch.is_silent(counted(148 * 17, 0), at(89)));
  EXPECT_TRUE(watch.is_silent(counted(148 * 18, 0), at(90)));
  // It counts anew, and only if it is asked again.
  EXPECT_FALSE(watch.is_silent(counted(148 * 18, 0), at(300)));
  EXPECT_FALSE(watch.is_silent(counted(148 * 19, 0), at(310)));
  EXPECT_TRUE(watch.is_silent(counted(148 * 19, 0), at(400)));
}

TEST(SilenceWatch, a_peer_that_answers_is_not_silent) {
  SilenceWatch watch;
  for (int second = 0; second < 600; second += 60) {
    const auto bytes = static_cast<std::uint64_t>(second);
    EXPECT_FALSE(watch.is_silent(counted(bytes + 10, bytes + 1), at(second)));
  }
}

TEST(SilenceWatch, a_peer_that_nobody_asks_for_is_not_silent) {
  SilenceWatch watch;
  EXPECT_FALSE(watch.is_silent(counted(0, 0), at(0)));
  EXPECT_FALSE(watch.is_silent(counted(0, 0), at(1000)));
}

}  // namespace
}  // namespace wring::run
