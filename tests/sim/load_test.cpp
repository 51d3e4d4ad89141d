// What a host under load asks of those who want a handshake. P32, P33
#include <gtest/gtest.h>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

// Under load initiations are taken so often.
constexpr Duration kPoll = 4ms;

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
  net_.simulation.run_for(kPoll);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 5U);
  EXPECT_EQ(b.drops(DropReason::kRateLimited), 15U);
  net_.simulation.run_for(50ms);
  b.receive(good);
  net_.simulation.run_for(kPoll);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 6U);
}

TEST_F(UnderLoad, a_source_of_version_6_shows_a_cookie_and_gets_five_at_once_as_well) {  // P32, P33
  SimulatedPeerHost& b = net_.b;
  net_.a.move_to(address_of("[2001:db8::1]:51820"));
  b.move_to(address_of("[2001:db8:0:2::1]:51820"));
  Device::set_endpoint(net_.b_at_a(), b.address());
  net_.a.send_data(b);
  net_.simulation.run_for(1s);
  EXPECT_EQ(net_.sent_by(b, MessageType::kCookieReply).size(), 1U);
  net_.simulation.run_for(6s);
  EXPECT_EQ(net_.delivered(), 1U);
  const Datagram good = net_.sent_by(net_.a, MessageType::kInitiation).back();
  for (int i = 0; i < 20; ++i)
    b.receive(good);
  net_.simulation.run_for(kPoll);
  EXPECT_EQ(b.drops(DropReason::kHandshakeReplayed), 5U);
  EXPECT_EQ(b.drops(DropReason::kRateLimited), 15U);
}

class Forgeries : public testing::Test {
 protected:
  // Initiations of nobody with a good mac1 reach b, `interval` apart.
  void send(std::size_t count, Duration interval) {
    MacStamper stamper(net_.b.public_key());
    for (std::size_t i = 0; i < count; ++i) {
      Datagram forged;
      forged.from = address_of("203.0.113.66:666");
      forged.payload.assign(148, 9);
      store(forged.payload, std::uint32_t{1});
      stamper.stamp(forged.payload, net_.simulation.now());
      net_.b.receive(forged);
      net_.b.control_turn();
      net_.simulation.run_for(interval);
    }
  }
  [[nodiscard]] std::size_t cookies() const {
    return net_.sent_by(net_.b, MessageType::kCookieReply).size();
  }

  TwoHosts net_;
};

TEST_F(Forgeries, a_queue_of_them_within_a_second_is_a_load_however_short_the_queue) {
  send(4096, 240us);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeForged), 4096U);
  EXPECT_EQ(cookies(), 0U);
  send(1, kPoll);
  EXPECT_EQ(cookies(), 1U);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeForged), 4096U);
}

TEST_F(Forgeries, fewer_are_not) {
  send(10000, 250us);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeForged), 10000U);
  EXPECT_EQ(cookies(), 0U);
}

TEST_F(Forgeries, a_flood_that_goes_on_costs_no_more_curve25519) {
  send(20000, 200us);
  net_.simulation.run_for(kPoll);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeForged), 4096U);
  EXPECT_EQ(cookies(), 20000U - 4096U);
}

TEST_F(Forgeries, a_second_after_the_last_the_load_is_over) {
  send(5000, 200us);
  EXPECT_GT(cookies(), 0U);
  net_.simulation.run_for(1s);
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  EXPECT_EQ(net_.delivered(), 1U);
}

TEST_F(Forgeries, a_peer_that_calls_meanwhile_gets_in_by_its_second_attempt) {  // P33
  send(4096, 200us);
  net_.a.send_data(net_.b);
  send(28000, 200us);
  EXPECT_EQ(net_.delivered(), 1U);
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
