// What a host under load asks of those who want a handshake. P32, P33
#include <gtest/gtest.h>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

class UnderLoad : public testing::Test {
 protected:
  UnderLoad() { net_.b.pretend_queued_handshakes(512); }  // one eighth of 4096
  TwoHosts net_;
};

TEST_F(UnderLoad, a_message_without_a_cookie_gets_one_and_the_next_attempt_succeeds) {  // P32, P33
  const TimePoint start = net_.simulation.now();
  net_.a.send_data(net_.b);
  net_.simulation.run_for(4s);
  const auto replies = net_.sent_by(net_.b);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].payload.size(), 64U);
  // The reply does not make it send at once (P33), nor does it count (P25) or move anything (P28).
  EXPECT_EQ(net_.sent_by(net_.a).size(), 1U);
  EXPECT_EQ(net_.b_at_a().rx_bytes.load(), 0U);
  EXPECT_EQ(net_.a_at_b().tx_bytes.load(), 0U);
  EXPECT_EQ(net_.b_at_a().endpoint.load().source_ifindex, 0U);
  ASSERT_TRUE(net_.simulation.run_until([&] { return net_.delivered() == 1; }, 3s));
  EXPECT_GE(net_.simulation.now() - start, 5s);
  EXPECT_EQ(net_.sent_by(net_.a, MessageType::kInitiation).size(), 2U);
}

TEST_F(UnderLoad, one_handshake_less_in_the_queue_is_no_load) {  // P32
  net_.b.pretend_queued_handshakes(510);
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  EXPECT_EQ(net_.delivered(), 1U);
}

TEST_F(UnderLoad, lasts_for_a_second_after_the_queue_was_long) {  // P32
  net_.b.control_turn();
  net_.b.pretend_queued_handshakes(0);
  net_.simulation.run_for(980ms);
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  EXPECT_EQ(net_.sent_by(net_.b, MessageType::kCookieReply).size(), 1U);
  net_.simulation.run_for(5s);
  EXPECT_EQ(net_.delivered(), 1U);
}

TEST_F(UnderLoad, a_response_is_gated_as_well) {  // P32
  net_.b.pretend_queued_handshakes(0);
  net_.a.pretend_queued_handshakes(512);
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  EXPECT_EQ(net_.sent_by(net_.a, MessageType::kCookieReply).size(), 1U);
  EXPECT_EQ(net_.delivered(), 0U);
  net_.simulation.run_for(6s);
  EXPECT_EQ(net_.delivered(), 1U);  // b stamps the next response with the cookie
}

TEST_F(UnderLoad, a_cookie_is_bound_to_the_address_and_the_port_it_was_given_to) {  // P33
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  net_.a.move_to(address_of("192.0.2.1:51821"));
  net_.simulation.run_for(6s);
  EXPECT_EQ(net_.delivered(), 0U);
  EXPECT_EQ(net_.sent_by(net_.b, MessageType::kCookieReply).size(), 2U);
  net_.simulation.run_for(6s);
  EXPECT_EQ(net_.delivered(), 1U);
}

TEST_F(UnderLoad, a_replayed_cookie_reply_is_refused) {  // P33
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  const Datagram reply = net_.sent_by(net_.b, MessageType::kCookieReply).at(0);
  net_.a.receive(reply);
  EXPECT_EQ(net_.a.drops(DropReason::kCookieUnsolicited), 1U);
}

TEST_F(UnderLoad, one_source_with_a_cookie_gets_five_at_once_and_twenty_a_second) {  // P32
  // With the cookie in hand and a responder that never answers, a's peers all call at once.
  SimulatedPeerHost& b = net_.b;
  net_.a.send_data(b);
  net_.simulation.run_for(1s);
  net_.simulation.network().set_filter(
      [&](const Datagram& datagram) { return key_of(datagram.from) != key_of(b.address()); });
  net_.simulation.run_for(5s);
  const Datagram good = net_.sent_by(net_.a, MessageType::kInitiation).back();
  net_.simulation.run_for(2s);
  for (int i = 0; i < 20; ++i)
    b.receive(good);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 5U);
  EXPECT_EQ(b.drops(DropReason::kRateLimited), 15U);
  net_.simulation.run_for(50ms);
  b.receive(good);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 6U);
}

TEST_F(UnderLoad, a_tunnel_works_for_an_hour_while_both_ends_are_under_load) {  // P32, P33
  net_.a.pretend_queued_handshakes(4096);
  net_.simulation.talk(net_.a, net_.b, 1s, net_.simulation.now() + 1h);
  net_.simulation.talk(net_.b, net_.a, 1s, net_.simulation.now() + 1h);
  net_.simulation.run_for(1h + 10s);
  EXPECT_GE(net_.delivered(), net_.simulation.ledger().sent() * 95 / 100);
}

}  // namespace
}  // namespace wring::test
