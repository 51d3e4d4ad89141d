// What the device counts, and what it reports about its peers.
#include <gtest/gtest.h>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

TEST(Counts, a_handshake_counts_once_at_each_end_and_its_time_at_the_one_that_began_it) {
  TwoHosts net;
  net.make_session();
  const EngineCounts& a = net.a.device().counts();
  const EngineCounts& b = net.b.device().counts();
  EXPECT_EQ(a.handshakes_begun, 1U);
  EXPECT_EQ(a.initiations_sent, 1U);
  EXPECT_EQ(a.handshakes_completed, 1U);
  EXPECT_EQ(a.initiations_answered, 0U);
  EXPECT_EQ(b.handshakes_begun, 0U);
  EXPECT_EQ(b.initiations_answered, 1U);
  EXPECT_EQ(b.handshakes_completed, 1U);
  std::uint64_t timed = a.handshake_us.above;
  for (const auto& each : a.handshake_us.classes)
    timed += each.count;
  EXPECT_EQ(timed, 1U);
  EXPECT_EQ(b.handshake_us.sum, 0U);
}

TEST(Counts, initiations_that_are_sent_again_belong_to_one_handshake_and_to_its_time) {
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  net.simulation.run_for(12s);
  net.simulation.network().cut(false);
  net.simulation.run_for(10s);
  const EngineCounts& a = net.a.device().counts();
  EXPECT_EQ(a.handshakes_begun, 1U);
  EXPECT_EQ(a.initiations_sent, 4U);
  EXPECT_EQ(a.handshakes_completed, 1U);
  EXPECT_GE(a.handshake_us.sum, 15'000'000U);  // three waits of five seconds
  EXPECT_EQ(a.handshake_us.classes.back().count, 1U);
}

TEST(Counts, a_peer_that_does_not_answer_is_lost_once_and_back_once) {
  TwoHosts net;
  net.make_session();
  net.simulation.network().cut(true);
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 10min);
  net.simulation.run_for(29s);  // 15 s until a handshake is begun, 15 s without an answer
  EXPECT_EQ(net.a.count(DeviceEvent::kLost), 0U);
  net.simulation.run_for(5s);
  EXPECT_EQ(net.a.count(DeviceEvent::kLost), 1U);
  net.simulation.run_for(4min);
  EXPECT_EQ(net.a.count(DeviceEvent::kLost), 1U);
  EXPECT_EQ(net.a.count(DeviceEvent::kBack), 0U);
  net.simulation.network().cut(false);
  net.simulation.run_for(10s);
  EXPECT_EQ(net.a.count(DeviceEvent::kBack), 1U);
  EXPECT_EQ(net.a.count(DeviceEvent::kHandshakeCompleted), 1U);
}

TEST(Counts, a_peer_that_was_not_heard_for_nine_minutes_is_lost) {
  TwoHosts net;
  net.make_session();
  net.simulation.run_for(8min);
  EXPECT_EQ(net.b.count(DeviceEvent::kLost), 0U);
  net.simulation.run_for(1min);
  EXPECT_EQ(net.b.count(DeviceEvent::kLost), 1U);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.count(DeviceEvent::kBack), 1U);
}

TEST(Counts, one_that_is_given_up_is_counted_and_the_next_is_a_new_one) {
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  net.simulation.run_for(2min);
  EXPECT_EQ(net.a.device().counts().handshakes_given_up, 1U);
  net.simulation.network().cut(false);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.a.device().counts().handshakes_begun, 2U);
  EXPECT_LT(net.a.device().counts().handshake_us.sum, 1'000'000U);
}

TEST(Counts, a_peer_that_moves_is_counted_by_data_and_by_a_handshake) {
  TwoHosts net;
  net.make_session();
  EXPECT_EQ(net.b.device().counts().roamings, 0U);
  net.a.move_to(address_of("198.51.100.7:1234"));
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.device().counts().roamings, 1U);
  EXPECT_EQ(net.b.count(DeviceEvent::kMoved), 1U);
  net.simulation.run_for(20min);
  net.a.move_to(address_of("198.51.100.7:1235"));
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.device().counts().roamings, 2U);
  EXPECT_EQ(net.a.device().counts().roamings, 0U);
}

TEST(Counts, cookies_are_counted_at_both_ends) {
  TwoHosts net;
  net.b.pretend_queued_handshakes(512);
  net.a.send_data(net.b);
  net.simulation.run_for(10s);
  EXPECT_EQ(net.b.device().counts().cookies_sent, 1U);
  EXPECT_EQ(net.a.device().counts().cookies_received, 1U);
}

}  // namespace
}  // namespace wring::test
