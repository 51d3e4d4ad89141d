// Who says what when nobody has anything to say. [WG] 6.5
#include <gtest/gtest.h>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

TEST(Keepalive, an_initiator_with_nothing_staged_confirms_by_one_empty_packet) {  // P11
  TwoHosts net;
  const TimePoint start = net.simulation.now();
  Device::set_endpoint(net.b_at_a(), net.b.address());
  net.a.device().set_persistent_keepalive(net.b_at_a(), 3600, net.a.now());
  net.simulation.run_for(1s);
  ASSERT_EQ(net.sent_by(net.a, MessageType::kData).size(), 1U);
  EXPECT_TRUE(is_keepalive(net.sent_by(net.a, MessageType::kData)[0]));
  EXPECT_EQ(net.sent_by(net.a, MessageType::kData)[0].sent, start + 20ms);
  EXPECT_TRUE(net.a_at_b().last_handshake.has_value());
  EXPECT_EQ(net.delivered(), 0U);
}

TEST(Keepalive, an_initiator_with_packets_staged_sends_them_and_no_keepalive) {  // P11
  TwoHosts net;
  net.a.send_data(net.b, 3);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 3U);
  EXPECT_EQ(net.sent_by(net.a, MessageType::kData).size(), 3U);
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kData).empty());
}

TEST(Keepalive, data_received_with_nothing_sent_since_is_answered_after_ten_seconds) {  // P26
  TwoHosts net;
  net.make_session();
  net.a.send_data(net.b);
  const TimePoint arrival = net.simulation.now() + 10ms;
  net.simulation.run_for(5min);
  const auto sent = net.sent_by(net.b);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(is_keepalive(sent[0]));
  EXPECT_EQ(sent[0].sent, arrival + 10s);
  EXPECT_EQ(net.sent_by(net.a).size(), 1U);  // a keepalive is not answered: no ping-pong
}

TEST(Keepalive, one_more_follows_if_more_data_came_while_it_was_pending) {  // P26
  TwoHosts net;
  net.make_session();
  net.a.send_data(net.b);
  const TimePoint arrival = net.simulation.now() + 10ms;
  net.simulation.run_for(4s);
  net.a.send_data(net.b);
  net.simulation.run_for(5min);
  const auto sent = net.sent_by(net.b);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].sent, arrival + 10s);
  EXPECT_EQ(sent[1].sent, arrival + 20s);
}

TEST(Keepalive, a_reply_makes_it_needless) {  // P26
  TwoHosts net;
  net.make_session();
  net.a.send_data(net.b);
  net.simulation.run_for(9s);
  net.b.send_data(net.a);
  net.simulation.run_for(9s);
  EXPECT_EQ(net.sent_by(net.b).size(), 1U);
  net.simulation.run_for(5min);
  // Only a, which was sent the last data, says something.
  EXPECT_EQ(net.sent_by(net.b).size(), 1U);
  EXPECT_EQ(net.sent_by(net.a).size(), 2U);
}

TEST(Keepalive, two_idle_hosts_fall_silent_for_a_day) {
  TwoHosts net;
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  net.b.send_data(net.a);
  net.simulation.run_for(60s);
  net.forget();
  net.simulation.run_for(24h);
  EXPECT_TRUE(net.simulation.network().log().empty());
  EXPECT_EQ(net.a.next_deadline(), kNever);
  EXPECT_EQ(net.b.next_deadline(), kNever);
}

TEST(Keepalive, after_long_traffic_over_a_bad_network_idle_hosts_fall_silent) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    TwoHosts net(seed);
    net.simulation.network().set_quality(
        {.loss = 30, .duplication = 10, .min_delay = 5ms, .max_delay = 2s});
    net.simulation.talk(net.a, net.b, 2s, net.simulation.now() + 10min);
    net.simulation.talk(net.b, net.a, 2s, net.simulation.now() + 10min);
    net.simulation.run_for(15min);  // the keys of the last session are wiped after 9 minutes
    net.forget();
    net.simulation.run_for(12h);
    EXPECT_TRUE(net.simulation.network().log().empty()) << "seed " << seed;
    EXPECT_EQ(net.a.next_deadline(), kNever) << "seed " << seed;
  }
}

TEST(Keepalive, persistent_keepalives_come_every_25_seconds_for_hours) {  // P27
  TwoHosts net;
  net.a.device().set_persistent_keepalive(net.b_at_a(), 25, net.a.now());
  EXPECT_EQ(net.a.count(DeviceEvent::kInitiationSent), 1U);  // at once
  net.simulation.run_for(10s);
  TimePoint last = net.simulation.now();
  net.forget();
  net.simulation.run_for(3h);
  const auto sent = net.sent_by(net.a);
  ASSERT_GT(sent.size(), 400U);
  for (const Datagram& datagram : sent) {
    EXPECT_LE(datagram.sent - last, 25s);
    last = datagram.sent;
  }
  EXPECT_EQ(net.delivered(), 0U);
}

TEST(Keepalive, traffic_in_either_direction_pushes_a_persistent_keepalive_back) {  // P27
  TwoHosts net;
  net.make_session();
  net.a.device().set_persistent_keepalive(net.b_at_a(), 5, net.a.now());
  net.simulation.run_for(2s);
  net.forget();
  for (int i = 0; i < 20; ++i) {
    net.b.send_data(net.a);
    net.simulation.run_for(2s);
  }
  // Its passive keepalives go every ten seconds, but no persistent one.
  EXPECT_LE(net.sent_by(net.a).size(), 4U);
  const TimePoint quiet_since = net.simulation.network().log().back().sent;
  net.forget();
  net.simulation.run_for(12s);
  ASSERT_GE(net.sent_by(net.a).size(), 1U);
  EXPECT_LE(net.sent_by(net.a)[0].sent - quiet_since, 5s + 10ms);
}

TEST(Keepalive, turning_it_on_or_bringing_the_interface_up_sends_one_at_once) {  // P27
  TwoHosts net;
  net.make_session();
  net.a.device().set_persistent_keepalive(net.b_at_a(), 25, net.a.now());
  ASSERT_EQ(net.sent_by(net.a).size(), 1U);
  EXPECT_TRUE(is_keepalive(net.sent_by(net.a)[0]));
  net.a.device().set_persistent_keepalive(net.b_at_a(), 20, net.a.now());
  EXPECT_EQ(net.sent_by(net.a).size(), 1U);  // from on to on: not at once
  net.a.device().bring_down();
  net.simulation.run_for(10min);
  EXPECT_EQ(net.sent_by(net.a).size(), 1U);
  net.a.device().bring_up(net.a.now());
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
  net.simulation.run_for(1s);
  net.a.device().set_persistent_keepalive(net.b_at_a(), 0, net.a.now());
  net.forget();
  net.simulation.run_for(1h);
  EXPECT_TRUE(net.simulation.network().log().empty());
}

TEST(Keepalive, works_again_after_a_handshake_was_given_up) {  // P26, P7
  TwoHosts net;
  net.make_session();
  net.b.send_data(net.a);  // arms a's passive keepalive
  net.simulation.run_for(20ms);
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  ASSERT_TRUE(net.simulation.run_until(
      [&] { return net.a.count(DeviceEvent::kHandshakeGivenUp) == 1; }, 5min));
  net.simulation.run_for(20min);
  net.simulation.network().cut(false);
  net.b.send_data(net.a);
  net.simulation.run_for(5s);
  net.forget();
  net.simulation.run_for(30s);
  ASSERT_EQ(net.sent_by(net.a).size(), 1U);
  EXPECT_TRUE(is_keepalive(net.sent_by(net.a)[0]));
}

TEST(Keepalive, works_again_after_the_interface_went_down_and_up) {  // P26, P9
  TwoHosts net;
  net.make_session();
  net.b.send_data(net.a);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  net.b.send_data(net.a);
  net.simulation.run_for(1s);
  net.a.device().bring_down();
  net.simulation.run_for(1s);
  net.a.device().bring_up(net.a.now());
  net.make_session();
  net.b.send_data(net.a);
  net.simulation.run_for(11s);
  ASSERT_EQ(net.sent_by(net.a).size(), 1U);
  EXPECT_TRUE(is_keepalive(net.sent_by(net.a)[0]));
  net.simulation.network().cut(true);
  net.forget();
  net.a.send_data(net.b);
  net.simulation.run_for(16s);
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
}

}  // namespace
}  // namespace wring::test
