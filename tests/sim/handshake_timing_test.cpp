// When handshakes are begun, repeated and given up. [WG] 6.1 to 6.4
#include <gtest/gtest.h>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

TEST(HandshakeTiming,
     an_unanswered_initiation_is_sent_again_every_five_seconds_with_jitter) {  // P7
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  net.simulation.run_for(90s);
  const auto sent = net.sent_by(net.a, MessageType::kInitiation);
  ASSERT_GE(sent.size(), 17U);
  std::vector<Duration> jitters;
  for (std::size_t i = 1; i < sent.size(); ++i) {
    jitters.push_back(sent[i].sent - sent[i - 1].sent - 5s);
    EXPECT_GE(jitters.back(), 0ms);
    EXPECT_LE(jitters.back(), 333ms);
  }
  std::sort(jitters.begin(), jitters.end());
  EXPECT_GT(jitters.back() - jitters.front(), 100ms);
}

TEST(HandshakeTiming, is_not_hurried_by_an_edit_of_the_peer_whose_packets_wait) {  // P6, P39
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  net.a.device().send_staged(net.b_at_a(), net.a.now());
  net.simulation.run_for(3s);
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
  net.simulation.network().cut(false);
  net.simulation.run_for(2s);
  EXPECT_EQ(net.delivered(), 1U);
}

TEST(HandshakeTiming, is_given_up_after_90_seconds_and_what_was_staged_is_dropped) {  // P7
  TwoHosts net;
  net.simulation.network().cut(true);
  const TimePoint start = net.simulation.now();
  net.a.send_data(net.b, 3);
  ASSERT_TRUE(net.simulation.run_until(
      [&] { return net.a.count(DeviceEvent::kHandshakeGivenUp) == 1; }, 2min));
  // 90 s of attempts, and the last one is waited for.
  EXPECT_GE(net.simulation.now() - start, 90s);
  EXPECT_LE(net.simulation.now() - start, 90s + 5s + 19 * 333ms);
  const std::size_t attempts = net.sent_by(net.a).size();
  EXPECT_GE(attempts, 18U);
  EXPECT_LE(attempts, 19U);
  EXPECT_EQ(net.a.drops(DropReason::kStagedGivenUp), 3U);
  EXPECT_FALSE(net.b_at_a().sent_initiation.has_value());
  net.simulation.network().cut(false);
  net.simulation.run_for(1h);
  EXPECT_EQ(net.sent_by(net.a).size(), attempts);  // silent, until somebody sends
  EXPECT_EQ(net.delivered(), 0U);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 1U);
}

TEST(HandshakeTiming, traffic_that_goes_on_keeps_the_attempts_going_on) {  // P7
  TwoHosts net;
  net.simulation.network().cut(true);
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 1h);
  net.simulation.run_for(1h);
  EXPECT_EQ(net.a.count(DeviceEvent::kHandshakeGivenUp), 0U);
  EXPECT_GE(net.sent_by(net.a).size(), 3600U / 6);
  net.simulation.network().cut(false);
  net.a.send_data(net.b);
  net.simulation.run_for(6s);
  EXPECT_EQ(net.delivered(), 128U);  // P22: no more were kept
}

TEST(HandshakeTiming, the_initiator_rekeys_when_it_sends_on_a_key_of_120_seconds) {  // P8
  TwoHosts net;
  net.a.send_data(net.b);
  net.simulation.run_for(119s);
  net.forget();
  net.a.send_data(net.b);
  net.simulation.run_for(100ms);
  EXPECT_TRUE(net.sent_by(net.a, MessageType::kInitiation).empty());
  net.simulation.run_for(2s);
  net.a.send_data(net.b);
  net.simulation.run_for(100ms);
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
  EXPECT_EQ(net.delivered(), 3U);
}

TEST(HandshakeTiming, the_responder_does_not_rekey_however_much_it_sends) {  // P8
  TwoHosts net;
  net.a.send_data(net.b);
  net.simulation.run_for(20s);
  net.forget();
  net.simulation.talk(net.b, net.a, 300ms, net.simulation.now() + 10h);
  net.simulation.run_for(140s);
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kInitiation).empty());
}

TEST(HandshakeTiming, an_initiator_that_only_receives_rekeys_once_at_165_seconds) {  // P8
  TwoHosts net;
  net.make_session();  // 30 s
  net.simulation.network().set_filter([](const Datagram& datagram) {
    return classify(datagram.payload) != MessageType::kInitiation;
  });
  net.simulation.run_for(134s);
  net.b.send_data(net.a);
  net.simulation.run_for(1100ms);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  for (int i = 0; i < 20; ++i) {
    net.b.send_data(net.a);
    net.simulation.run_for(200ms);
  }
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
  EXPECT_EQ(net.sent_by(net.a).size(), 1U);
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kInitiation).empty());
}

TEST(HandshakeTiming, data_unanswered_for_15_seconds_begins_a_new_handshake) {  // P9
  TwoHosts net;
  net.make_session();
  net.simulation.network().cut(true);
  const TimePoint start = net.simulation.now();
  net.a.send_data(net.b);
  net.simulation.run_for(7s);
  net.a.send_data(net.b);  // does not push it back
  net.simulation.run_for(10s);
  const auto sent = net.sent_by(net.a, MessageType::kInitiation);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_GE(sent[0].sent - start, 15s);
  EXPECT_LE(sent[0].sent - start, 15s + 333ms);
}

TEST(HandshakeTiming, any_authentic_message_counts_as_an_answer) {  // P9
  TwoHosts net;
  net.make_session();
  for (int i = 0; i < 5; ++i) {
    net.a.send_data(net.b);
    net.simulation.run_for(12s);  // the passive keepalive of b comes after 10 s
  }
  EXPECT_TRUE(net.sent_by(net.a, MessageType::kInitiation).empty());
}

TEST(HandshakeTiming, a_quick_answer_leaves_the_watch_in_working_order) {  // P9
  TwoHosts net;
  net.make_session();
  for (int i = 0; i < 3; ++i) {
    net.a.send_data(net.b);
    net.simulation.run_for(10ms);
    net.b.send_data(net.a);
    net.simulation.run_for(20s);
  }
  net.simulation.network().cut(true);
  net.forget();
  net.a.send_data(net.b);
  net.simulation.run_for(16s);
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size(), 1U);
}

TEST(HandshakeTiming, a_response_counts_as_a_handshake_sent) {  // P6
  TwoHosts net;
  net.simulation.network().set_filter([&](const Datagram& datagram) {
    return classify(datagram.payload) != MessageType::kResponse;
  });
  const TimePoint start = net.simulation.now();
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  ASSERT_EQ(net.sent_by(net.b, MessageType::kResponse).size(), 1U);
  net.b.send_data(net.a);
  net.simulation.run_for(3s);
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kInitiation).empty());
  net.simulation.run_for(20s);
  for (const Datagram& each : net.sent_by(net.b, MessageType::kInitiation))
    EXPECT_GE(each.sent - start, 5s);
}

TEST(HandshakeTiming, initiations_of_both_ends_at_once_complete_at_once) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TwoHosts net(seed);
    net.simulation.network().set_quality({.min_delay = 5ms, .max_delay = 50ms});
    net.a.send_data(net.b);
    net.b.send_data(net.a);
    net.simulation.run_for(200ms);
    EXPECT_EQ(net.delivered(), 2U) << "seed " << seed;
    for (int i = 0; i < 10; ++i) {
      net.a.send_data(net.b);
      net.b.send_data(net.a);
      net.simulation.run_for(1s);
    }
    EXPECT_EQ(net.delivered(), 22U) << "seed " << seed;
    EXPECT_EQ(net.a.count(DeviceEvent::kInitiationSent), 1U);
    EXPECT_EQ(net.b.count(DeviceEvent::kInitiationSent), 1U);
  }
}

TEST(HandshakeTiming, no_more_than_128_packets_wait_and_the_newest_stay) {  // P22
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b, 200);
  EXPECT_EQ(net.a.drops(DropReason::kStagedOverflow), 72U);
  net.simulation.network().cut(false);
  net.simulation.run_for(6s);
  EXPECT_EQ(net.delivered(), 128U);
}

}  // namespace
}  // namespace wring::test
