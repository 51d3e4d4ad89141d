#include "dataplane/inbound.h"

#include <gtest/gtest.h>

#include <deque>

#include "ip/endpoint_parse.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};
constexpr TimePoint kNow = kMade + 1s;

class InboundTest : public testing::Test {
 protected:
  InboundTest() {
    EXPECT_TRUE(shared_.sessions.insert(SessionIndex{7}, &session_));
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.2/32").value(), &peer_);
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.9/32").value(), &other_peer_);
  }

  // A packet from 10.0.0.2 of 28 bytes, so that four zeros pad it.
  static Packet packet(std::string_view source = "10.0.0.2", std::uint8_t tos = 0) {
    return make_packet({.source = source, .destination = "10.0.0.1", .tos = tos});
  }
  Packet sealed(std::uint64_t counter, Packet plaintext) const {
    plaintext.resize((plaintext.size() + 15) / 16 * 16);
    return data_message(remote_, counter, plaintext);
  }
  // What comes of these datagrams, as one batch from `from`.
  std::vector<Packet> receive(std::vector<Packet> datagrams, TimePoint now = kNow,
                              std::uint8_t tos = 0) {
    std::vector<ReceivedDatagram> batch;
    for (Packet& datagram : datagrams)
      batch.push_back({datagram, from_, tos});
    const Inbound::Batch result = inbound_->process(batch, now);
    wake_control_ = result.wake_control;
    std::vector<Packet> packets;
    for (const InnerPacket& each : result.packets)
      packets.emplace_back(each.bytes.begin(), each.bytes.end());
    return packets;
  }
  AttentionReasons attention() {
    AttentionReasons seen;
    shared_.attention.drain([&seen](Peer&, AttentionReasons why) { seen |= why; });
    return seen;
  }
  void expect_drop(DropReason reason, std::uint64_t count = 1) const {
    for (std::size_t i = 0; i < kDropReasonCount; ++i) {
      const auto each = static_cast<DropReason>(i);
      EXPECT_EQ(shared_.drops.get(each), each == reason ? count : 0) << name(each);
    }
  }
  void expect_peer_untouched() const {
    EXPECT_FALSE(peer_.endpoint.load().is_set());
    EXPECT_EQ(peer_.rx_bytes.load(), 0U);
    EXPECT_EQ(peer_.activity.last_traversal(), TimePoint{});
    EXPECT_TRUE(shared_.attention.empty());
  }

  SharedState shared_;
  Peer peer_{PublicKey{}, 1, shared_.staged_memory};
  Peer other_peer_{PublicKey{{1}}, 2, shared_.staged_memory};
  Session session_{peer_, keys_of_test(true, 7, 8), kMade};
  Session remote_{peer_, keys_of_test(false, 8, 7), kMade};
  HandshakeQueue handshakes_;
  std::unique_ptr<Inbound> inbound_ = std::make_unique<Inbound>(shared_, handshakes_);
  Endpoint from_ = parse_endpoint("192.0.2.2:5000").value();
  bool wake_control_ = false;
};

TEST_F(InboundTest, opens_trims_and_delivers_in_order) {  // P18, P21
  const auto got = receive({sealed(0, packet()), sealed(1, packet()), sealed(2, packet())});
  ASSERT_EQ(got.size(), 3U);
  for (const Packet& each : got)
    EXPECT_EQ(each, packet());
  EXPECT_EQ(peer_.endpoint.load(), from_);                                // P28
  EXPECT_EQ(peer_.rx_bytes.load(), 3U * (32 + 32));                       // P25
  EXPECT_EQ(peer_.activity.last_traversal(), kNow);                       // P27
  EXPECT_EQ(attention(), AttentionReasons(Attention::kWatchOwingReply));  // P26
  EXPECT_TRUE(wake_control_);
}

TEST_F(InboundTest, a_keepalive_delivers_nothing_and_is_not_data) {  // P4, P26
  EXPECT_TRUE(receive({sealed(0, {})}).empty());
  EXPECT_EQ(peer_.rx_bytes.load(), 32U);
  EXPECT_EQ(peer_.endpoint.load(), from_);
  EXPECT_FALSE(wake_control_);
  EXPECT_TRUE(attention().empty());
}

TEST_F(InboundTest, a_source_that_the_peer_was_not_heard_on_before_is_pointed_out_once) {  // P29
  from_.source.v4.s_addr = 1;
  from_.set_source_ifindex(3);
  receive({sealed(0, {})});
  EXPECT_TRUE(wake_control_);
  EXPECT_EQ(attention(), AttentionReasons(Attention::kHeardElsewhere));
  from_.set_source_ifindex(4);
  receive({sealed(1, {})});
  EXPECT_EQ(peer_.endpoint.load(), from_);
  EXPECT_TRUE(attention().empty());  // the control thread has not looked yet

  peer_.wants_source_check = false;
  peer_.endpoint.update([](Endpoint& current) { current.source_refused = 1; });
  receive({sealed(2, {})});
  EXPECT_TRUE(attention().empty());
  EXPECT_FALSE(peer_.endpoint.load().pins_source());
  from_.set_source_ifindex(3);
  receive({sealed(3, {})});
  EXPECT_EQ(attention(), AttentionReasons(Attention::kHeardElsewhere));
  EXPECT_TRUE(peer_.endpoint.load().pins_source());
}

TEST_F(InboundTest, what_fits_no_message_is_malformed) {  // P2
  Packet reserved = sealed(0, packet());
  reserved[1] = 1;
  receive({{}, {4}, Packet(31, 4), reserved, Packet(147), {1, 0, 0, 0}});
  expect_drop(DropReason::kMalformedDatagram, 6);
  expect_peer_untouched();
}

TEST_F(InboundTest, an_index_that_no_session_bears_is_unknown) {
  Packet datagram = sealed(0, packet());
  datagram[4] ^= 1;
  receive({datagram});
  expect_drop(DropReason::kUnknownIndex);
}

TEST_F(InboundTest, nothing_is_received_on_a_key_of_180_seconds) {  // P8
  EXPECT_EQ(receive({sealed(0, packet())}, kMade + 180s - 1ns).size(), 1U);
  EXPECT_TRUE(receive({sealed(1, packet())}, kMade + 180s).empty());
  expect_drop(DropReason::kSessionExpired);
}

TEST_F(InboundTest, a_counter_at_the_limit_is_refused) {  // P19
  const std::uint64_t reject = 18446744073709543423ULL;   // 2^64 - 2^13 - 1
  EXPECT_TRUE(receive({sealed(reject, packet())}).empty());
  expect_drop(DropReason::kCounterExhausted);
  EXPECT_EQ(receive({sealed(reject - 1, packet())}).size(), 1U);
}

TEST_F(InboundTest, a_flipped_bit_anywhere_is_a_forgery_and_changes_nothing) {  // P12
  const Packet good = sealed(5, packet());
  std::uint64_t forged = 0;
  for (std::size_t i = 8; i < good.size(); ++i) {
    Packet bad = good;
    bad[i] ^= 0x10;
    EXPECT_TRUE(receive({bad}).empty());
    forged += i != 15 ? 1U : 0U;  // the top byte of the counter: far, but below the limit as well
  }
  EXPECT_GE(shared_.drops.get(DropReason::kForgedData), forged);
  expect_peer_untouched();
  EXPECT_EQ(receive({good}).size(), 1U);  // the window did not see the forgeries (P18)
}

TEST_F(InboundTest, a_replay_is_refused_also_within_a_batch) {  // P18, P19
  const Packet datagram = sealed(3, packet());
  EXPECT_EQ(receive({datagram, datagram}).size(), 1U);
  from_ = parse_endpoint("192.0.2.66:6666").value();
  EXPECT_TRUE(receive({datagram}).empty());
  expect_drop(DropReason::kReplayed, 2);
  EXPECT_EQ(to_string(peer_.endpoint.load()), "192.0.2.2:5000");  // a replay moves nothing
  EXPECT_EQ(peer_.rx_bytes.load(), datagram.size());
}

TEST_F(InboundTest, a_source_that_is_not_the_peer_s_is_dropped_after_the_endpoint_moved) {  // P18
  EXPECT_TRUE(receive({sealed(0, packet("10.0.0.9")), sealed(1, packet("10.0.0.77"))}).empty());
  expect_drop(DropReason::kNotAllowedSource, 2);
  EXPECT_EQ(peer_.endpoint.load(), from_);
}

TEST_F(InboundTest, what_is_no_ip_packet_inside_is_malformed) {
  Packet bad = packet();
  bad[0] = 0x75;
  EXPECT_TRUE(receive({sealed(0, bad), sealed(1, Packet(16, 0x45))}).empty());
  expect_drop(DropReason::kMalformedInner, 2);
}

TEST_F(InboundTest, an_inner_length_beyond_what_was_sent_is_dropped) {  // P21
  Packet bad = packet();
  bad[3] = 33;  // 28 bytes were sent, 32 with the padding
  EXPECT_TRUE(receive({sealed(0, bad)}).empty());
  expect_drop(DropReason::kInnerLength);
}

TEST_F(InboundTest, an_ipv6_length_that_wraps_in_16_bits_is_dropped) {  // P21
  Packet bad = make_packet({.source = "fd00::2", .destination = "fd00::1"});
  bad[4] = 0xff;
  bad[5] = 0xf0;
  EXPECT_TRUE(receive({sealed(0, bad)}).empty());
  expect_drop(DropReason::kInnerLength);
}

TEST_F(InboundTest, outer_congestion_marks_are_merged_or_drop_the_packet) {  // P24
  const auto got = receive({sealed(0, packet("10.0.0.2", 2))}, kNow, 0x88 | 3);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0][1], 3);  // CE; the outer DSCP stays outside
  EXPECT_TRUE(receive({sealed(1, packet())}, kNow, 3).empty());
  expect_drop(DropReason::kEcnCeOverNotEct);
}

TEST_F(InboundTest, handshakes_go_to_their_queue_which_drops_when_full) {  // P34
  Packet initiation(148);
  initiation[0] = 1;
  EXPECT_TRUE(receive({initiation}).empty());
  EXPECT_TRUE(wake_control_);
  for (int i = 1; i < 4096; ++i)
    receive({initiation});
  EXPECT_EQ(shared_.drops.get(DropReason::kHandshakeQueueFull), 0U);
  EXPECT_EQ(receive({initiation, sealed(0, packet())}).size(), 1U);  // data passes
  expect_drop(DropReason::kHandshakeQueueFull);
  HandshakeDatagram message;
  ASSERT_TRUE(handshakes_.try_pop_initiation(message));
  EXPECT_EQ(message.size, 148);
  EXPECT_EQ(message.from, from_);
}

TEST_F(InboundTest, an_initiation_wakes_nobody_while_its_queue_is_polled_but_an_answer_does) {
  Packet initiation(148);
  initiation[0] = 1;
  Packet response(92);
  response[0] = 2;
  handshakes_.set_polled(true);
  receive({initiation});
  EXPECT_FALSE(wake_control_);
  EXPECT_EQ(handshakes_.initiations(), 1U);
  receive({response});
  EXPECT_TRUE(wake_control_);
  handshakes_.set_polled(false);
  receive({initiation});
  EXPECT_TRUE(wake_control_);
}

TEST_F(InboundTest, answers_pass_where_initiations_have_filled_their_queue) {  // P34
  Packet initiation(148);
  initiation[0] = 1;
  for (int i = 0; i < 4097; ++i)
    receive({initiation});
  expect_drop(DropReason::kHandshakeQueueFull);
  Packet response(92);
  response[0] = 2;
  Packet cookie_reply(64);
  cookie_reply[0] = 3;
  receive({response, cookie_reply});
  expect_drop(DropReason::kHandshakeQueueFull);  // still the one
  EXPECT_EQ(handshakes_.initiations(), 4096U);
  HandshakeDatagram message;
  ASSERT_TRUE(handshakes_.try_pop_answer(message));
  EXPECT_EQ(message.size, 92);
  ASSERT_TRUE(handshakes_.try_pop_answer(message));
  EXPECT_EQ(message.size, 64);
  EXPECT_FALSE(handshakes_.try_pop_answer(message));
}

TEST_F(InboundTest, the_first_authentic_message_confirms_a_responder_s_session_once) {  // P10
  Session next(peer_, keys_of_test(false, 9, 10), kMade);
  const Session initiator(peer_, keys_of_test(true, 10, 9), kMade);
  ASSERT_TRUE(shared_.sessions.insert(SessionIndex{9}, &next));
  Packet forged = data_message(initiator, 0, {});
  forged.back() ^= 1;
  receive({forged});
  EXPECT_FALSE(next.is_confirmed());
  EXPECT_TRUE(attention().empty());
  receive({data_message(initiator, 0, {})});
  EXPECT_TRUE(next.is_confirmed());
  EXPECT_EQ(attention(), AttentionReasons(Attention::kConfirmed));
  receive({data_message(initiator, 1, {})});
  EXPECT_TRUE(attention().empty());
}

TEST_F(InboundTest, packets_of_several_sessions_in_one_batch_stay_in_order) {
  Session second(other_peer_, keys_of_test(true, 11, 12), kMade);
  const Session second_remote(other_peer_, keys_of_test(false, 12, 11), kMade);
  ASSERT_TRUE(shared_.sessions.insert(SessionIndex{11}, &second));
  Packet from_nine = packet("10.0.0.9");
  from_nine.resize(32);
  const auto got = receive({sealed(0, packet()), data_message(second_remote, 0, from_nine),
                            sealed(1, packet()), data_message(second_remote, 1, from_nine)});
  ASSERT_EQ(got.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(got[i][15], i % 2 == 0 ? 2 : 9);
}

TEST_F(InboundTest, a_key_of_165_seconds_asks_once_for_the_next) {  // P8
  receive({sealed(0, packet())}, kMade + 165s - 1ns);
  EXPECT_EQ(attention(), AttentionReasons(Attention::kWatchOwingReply));
  peer_.activity.on_sent(kMade + 165s);
  receive({sealed(1, {})}, kMade + 165s);
  EXPECT_EQ(attention(), AttentionReasons(Attention::kNeedsLastMinuteKey));
  receive({sealed(2, {})}, kMade + 166s);
  EXPECT_TRUE(attention().empty());
}

// Its messages come back into the tunnel else, to be sealed again and again.
TEST_F(InboundTest, a_peer_does_not_move_into_the_tunnel) {
  shared_.tun_ifindex = 9;
  from_.source_ifindex = 9;
  EXPECT_TRUE(receive({sealed(0, packet())}).empty());
  expect_drop(DropReason::kFromInside);
  expect_peer_untouched();
}

TEST_F(InboundTest, a_peer_whose_endpoint_is_inside_of_the_tunnel_is_heard_from_there) {
  shared_.tun_ifindex = 9;
  peer_.endpoint.store(from_);
  from_.source_ifindex = 9;
  EXPECT_EQ(receive({sealed(0, packet())}).size(), 1U);
  EXPECT_EQ(peer_.endpoint.load(), from_);
}

TEST_F(InboundTest, another_interface_is_not_taken_for_the_tunnel) {
  for (const auto& [tun, came_by] : {std::pair{9U, 8U}, {0U, 0U}, {0U, 9U}, {9U, 0U}}) {
    shared_.tun_ifindex = tun;
    from_.set_source_ifindex(came_by);
    EXPECT_EQ(receive({sealed(came_by + 2 * tun, packet())}).size(), 1U);
  }
}

}  // namespace
}  // namespace wring
