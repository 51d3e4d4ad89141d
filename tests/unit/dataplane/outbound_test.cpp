#include "dataplane/outbound.h"

#include <gtest/gtest.h>

#include "ip/endpoint_parse.h"
#include "ip/transport_header.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};
constexpr TimePoint kNow = kMade + 1s;

class OutboundTest : public testing::Test {
 protected:
  OutboundTest() {
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.2/32").value(), &peer_);
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.3/32").value(), &other_peer_);
    EXPECT_TRUE(shared_.sessions.insert(SessionIndex{7}, &session_));
    peer_.endpoint.store(parse_endpoint("192.0.2.2:5000").value());
    peer_.sending = &session_;
  }
  static Packet packet(std::string_view destination, std::size_t payload = 8,
                       std::uint8_t tos = 0) {
    return make_packet({.source = "10.0.0.1",
                        .destination = destination,
                        .tos = tos,
                        .payload = Packet(payload, 0x5a)});
  }
  Outbound::Batch send(const std::vector<Packet>& packets, TimePoint now = kNow) {
    storage_ = packets;
    std::vector<TunPacket> batch;
    for (Packet& each : storage_) {
      const std::size_t size = each.size();
      each.resize(size + 16, 0xee);
      batch.push_back({{}, MutByteSpan(each).first(size)});
    }
    return outbound_.process(batch, now);
  }
  AttentionReasons attention() {
    AttentionReasons seen;
    shared_.attention.drain([&seen](Peer&, AttentionReasons why) { seen |= why; });
    return seen;
  }
  // The plaintext of a datagram, padding included.
  static Packet opened(const OutgoingDatagram& datagram) {
    Packet bytes(datagram.payload.begin(), datagram.payload.end());
    const TransportKeys keys = keys_of_test(false, 8, 7);
    OpenJob job{&keys.receive, load<DataHeader>(bytes).counter, MutByteSpan(bytes).subspan(16)};
    open({&job, 1});
    EXPECT_TRUE(job.authentic);
    return {bytes.begin() + 16, bytes.end() - 16};
  }

  SharedState shared_;
  Peer peer_{PublicKey{}, 1, shared_.staged_memory};
  Peer other_peer_{PublicKey{{1}}, 2, shared_.staged_memory};
  Session session_{peer_, keys_of_test(true, 7, 8), kMade};
  Outbound outbound_{shared_};
  std::vector<Packet> storage_;
};

TEST_F(OutboundTest, an_answer_that_failed_wakes_the_control_thread_at_once) {
  ASSERT_TRUE(peer_.activity.on_data_received(kMade));
  const auto batch = send({packet("10.0.0.2")});
  ASSERT_EQ(batch.datagrams.size(), 1U);
  attention();
  ASSERT_FALSE(outbound_.take_wake());
  outbound_.send_failed(*batch.datagrams[0].to, 1, batch.datagrams[0].payload.size());
  EXPECT_TRUE(outbound_.take_wake());
  EXPECT_FALSE(outbound_.take_wake()) << "once is enough";
  EXPECT_TRUE(attention().has(Attention::kWatchOwingReply));
}

TEST_F(OutboundTest, seals_each_packet_under_the_next_counter_and_pads_it_with_zeros) {  // P4
  const auto batch = send({packet("10.0.0.2"), packet("10.0.0.2", 30)});
  ASSERT_EQ(batch.datagrams.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto header = load<DataHeader>(batch.datagrams[i].payload);
    EXPECT_EQ(header.counter, i);
    EXPECT_EQ(header.receiver, 8U);
    EXPECT_EQ(to_string(*batch.datagrams[i].to), "192.0.2.2:5000");
  }
  Packet padded = packet("10.0.0.2");
  padded.resize(32);
  EXPECT_EQ(opened(batch.datagrams[0]), padded);
  EXPECT_EQ(batch.datagrams[1].payload.size(), 64U + 32U);
  EXPECT_EQ(peer_.tx_bytes.load(), 64U + 96U);  // P25
  EXPECT_EQ(attention(), AttentionReasons(Attention::kWatchAwaitingReply));
  EXPECT_EQ(peer_.activity.last_traversal(), kNow);
}

TEST_F(OutboundTest, does_not_pad_past_the_mtu) {  // P4
  shared_.mtu = 1420;
  const auto batch = send({packet("10.0.0.2", 1400), packet("10.0.0.2", 1385)});
  EXPECT_EQ(batch.datagrams[0].payload.size(), 1420U + 32U);
  EXPECT_EQ(batch.datagrams[1].payload.size(), 1408U + 32U);
}

TEST_F(OutboundTest, copies_the_inner_ecn_but_not_the_dscp) {  // P24
  const auto batch = send({packet("10.0.0.2", 8, 0xb8 | 2), packet("10.0.0.2", 8, 3)});
  EXPECT_EQ(batch.datagrams[0].tos, 2);
  EXPECT_EQ(batch.datagrams[1].tos, 3);
}

TEST_F(OutboundTest, a_packet_to_nobody_is_answered_with_unreachable) {  // P23
  const auto batch = send({packet("10.9.9.9")});
  EXPECT_TRUE(batch.datagrams.empty());
  ASSERT_EQ(batch.replies.size(), 1U);
  EXPECT_EQ(batch.replies[0][9], 1);   // ICMP
  EXPECT_EQ(batch.replies[0][20], 3);  // destination unreachable
  EXPECT_EQ(shared_.drops.get(DropReason::kNoPeer), 1U);
}

TEST_F(OutboundTest, a_packet_to_a_peer_without_endpoint_is_answered_with_unreachable) {  // P23
  const auto batch = send({packet("10.0.0.3")});
  EXPECT_EQ(batch.replies.size(), 1U);
  EXPECT_EQ(shared_.drops.get(DropReason::kNoEndpoint), 1U);
  EXPECT_TRUE(other_peer_.staged.empty());
}

TEST_F(OutboundTest, answers_are_limited_in_number) {  // P23
  const auto replies_to = [this](const std::string& sender) {
    std::size_t replies = 0;
    for (int i = 0; i < 200; ++i)
      replies += send({make_packet({.source = sender, .destination = "10.9.9.9"})}).replies.size();
    return replies;
  };
  EXPECT_EQ(replies_to("10.0.0.1"), 20U);  // no sender has all
  std::size_t replies = 20;
  for (int last = 2; last < 30; ++last)
    replies += replies_to("10.0.0." + std::to_string(last));
  EXPECT_EQ(replies, 100U);
  EXPECT_EQ(shared_.drops.get(DropReason::kNoPeer), 29U * 200U);
  EXPECT_EQ(send({packet("10.9.9.9")}, kNow + 1s).replies.size(), 1U);
}

TEST_F(OutboundTest, what_is_no_ip_packet_is_dropped) {
  EXPECT_TRUE(send({{}, {0x45}, Packet(40, 0)}).datagrams.empty());
  EXPECT_EQ(shared_.drops.get(DropReason::kMalformedOutgoing), 3U);
}

TEST_F(OutboundTest, without_a_key_packets_wait_and_one_of_them_asks_for_it) {  // P22
  peer_.sending = nullptr;
  EXPECT_TRUE(send({packet("10.0.0.2"), packet("10.0.0.2")}).wake_control);
  EXPECT_EQ(attention(), AttentionReasons(Attention::kNeedsHandshake));
  EXPECT_FALSE(send({packet("10.0.0.2")}).wake_control);
  EXPECT_TRUE(attention().empty());
  EXPECT_EQ(peer_.staged.clear(), 3U);
}

TEST_F(OutboundTest, nothing_is_sent_on_a_key_of_180_seconds) {  // P8
  EXPECT_EQ(send({packet("10.0.0.2")}, kMade + 180s - 1ns).datagrams.size(), 1U);
  EXPECT_TRUE(send({packet("10.0.0.2")}, kMade + 180s).datagrams.empty());
  EXPECT_EQ(peer_.staged.clear(), 1U);
}

TEST_F(OutboundTest, what_does_not_fit_below_the_last_counter_waits_for_the_next_key) {  // P8
  session_.set_send_counter_for_test(18446744073709543423ULL - 1);  // 2^64 - 2^13 - 2
  const std::size_t sent = send({packet("10.0.0.2"), packet("10.0.0.2")}).datagrams.size();
  EXPECT_LE(sent, 1U);
  EXPECT_EQ(sent + peer_.staged.clear(), 2U);
  EXPECT_TRUE(attention().has(Attention::kNeedsHandshake));
  EXPECT_TRUE(send({packet("10.0.0.2")}).datagrams.empty());
}

TEST_F(OutboundTest, a_packet_goes_behind_what_waits_although_there_is_a_key) {
  peer_.staged.push(packet("10.0.0.2"));
  // The control thread is told each time: it may have looked just before the push.
  for (int i = 0; i < 2; ++i) {
    const auto batch = send({packet("10.0.0.2")});
    EXPECT_TRUE(batch.datagrams.empty());
    EXPECT_EQ(attention(), AttentionReasons(Attention::kNeedsHandshake));
  }
  EXPECT_EQ(peer_.staged.clear(), 3U);
}

TEST_F(OutboundTest, a_key_of_120_seconds_is_used_and_asks_once_for_the_next) {  // P8
  EXPECT_EQ(send({packet("10.0.0.2")}, kMade + 120s).datagrams.size(), 1U);
  EXPECT_EQ(attention(),
            AttentionReasons(Attention::kNeedsHandshake) | Attention::kWatchAwaitingReply);
  EXPECT_EQ(send({packet("10.0.0.2")}, kMade + 121s).datagrams.size(), 1U);
  EXPECT_FALSE(attention().has(Attention::kNeedsHandshake));
}

TEST_F(OutboundTest, a_confirmed_next_key_goes_before_the_current_one) {  // P10
  Session next(peer_, keys_of_test(false, 9, 10), kMade);
  peer_.sending_once_confirmed = &next;
  const auto receiver = [](const Outbound::Batch& batch) {
    return std::uint32_t{load<DataHeader>(batch.datagrams[0].payload).receiver};
  };
  EXPECT_EQ(receiver(send({packet("10.0.0.2")})), 8U);
  ASSERT_TRUE(next.confirm(kNow));
  EXPECT_EQ(receiver(send({packet("10.0.0.2")})), 10U);
}

TEST_F(OutboundTest, packets_to_several_peers_keep_their_order) {
  Session other(other_peer_, keys_of_test(true, 20, 21), kMade);
  other_peer_.endpoint.store(parse_endpoint("192.0.2.3:5000").value());
  other_peer_.sending = &other;
  const auto batch =
      send({packet("10.0.0.2"), packet("10.0.0.2"), packet("10.0.0.3"), packet("10.0.0.2")});
  std::vector<std::pair<std::uint32_t, std::uint64_t>> seen;
  for (const OutgoingDatagram& each : batch.datagrams) {
    const auto header = load<DataHeader>(each.payload);
    seen.emplace_back(header.receiver, header.counter);
  }
  const std::vector<std::pair<std::uint32_t, std::uint64_t>> expected{
      {8, 0}, {8, 1}, {21, 0}, {8, 2}};
  EXPECT_EQ(seen, expected);
  // One endpoint for each run, so that equal ones can be told by their address.
  EXPECT_EQ(batch.datagrams[0].to, batch.datagrams[1].to);
}

TEST_F(OutboundTest, a_failed_source_address_is_forgotten_unless_the_peer_has_moved) {  // P29
  Endpoint endpoint = parse_endpoint("192.0.2.2:5000").value();
  endpoint.source_ifindex = 3;
  for (const bool moved : {false, true}) {
    peer_.endpoint.store(endpoint);
    const auto batch = send({packet("10.0.0.2")});
    outbound_.source_failed(*batch.datagrams[0].to);
    if (moved) {
      endpoint.source_ifindex = 4;
      peer_.endpoint.store(endpoint);
    }
    EXPECT_EQ(send({packet("10.0.0.2")}).datagrams[0].to->source_ifindex, moved ? 4U : 0U);
  }
}

// A message from port 51820 of 10.0.0.1 to `destination`, port 5000.
Packet nested(std::string_view destination, std::uint32_t type, std::uint32_t index,
              std::uint8_t ttl = 64) {
  Packet payload(8 + 148);
  store(MutByteSpan(payload), UdpHeader{51820, 5000, 156, 0});
  store(MutByteSpan(payload), Le<std::uint32_t>(type), 8);
  store(MutByteSpan(payload), Le<std::uint32_t>(index), 12);
  Packet packet =
      make_packet({.source = "10.0.0.1", .destination = destination, .payload = payload});
  packet[8] = ttl;
  return packet;
}

TEST_F(OutboundTest, a_message_of_ours_that_comes_back_is_dropped_and_the_route_is_named) {
  shared_.allowed_ips.insert(IpPrefix::parse("0.0.0.0/0").value(), &peer_);
  shared_.listen_port = 51820;
  const auto batch = send({packet("10.0.0.2"), nested("192.0.2.2", 4, 8), packet("10.0.0.2"),
                           nested("192.0.2.2", 1, 99), packet("10.0.0.2")});
  ASSERT_EQ(batch.datagrams.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(load<DataHeader>(batch.datagrams[i].payload).counter, i);
  EXPECT_EQ(shared_.drops.get(DropReason::kRoutingLoop), 2U);
  ASSERT_NE(batch.loop, nullptr);
  EXPECT_TRUE(batch.loop->own);
  EXPECT_EQ(to_string(batch.loop->endpoint), "192.0.2.2:5000");
  EXPECT_EQ(send({packet("10.0.0.2")}).loop, nullptr);
}

TEST_F(OutboundTest, a_message_of_ours_wakes_no_handshake_where_there_is_no_session) {
  shared_.allowed_ips.insert(IpPrefix::parse("0.0.0.0/0").value(), &peer_);
  shared_.listen_port = 51820;
  peer_.sending = nullptr;
  EXPECT_TRUE(send({nested("192.0.2.2", 1, 99)}).datagrams.empty());
  EXPECT_TRUE(peer_.staged.empty());
  EXPECT_TRUE(attention().empty());
  EXPECT_EQ(shared_.drops.get(DropReason::kRoutingLoop), 1U);
}

TEST_F(OutboundTest, a_message_of_another_tunnel_passes_with_fewer_hops) {
  const auto batch = send({nested("10.0.0.2", 4, 8), packet("10.0.0.2"),
                           nested("10.0.0.2", 4, 8, 9), nested("10.0.0.2", 4, 8, 200)});
  ASSERT_EQ(batch.datagrams.size(), 4U);
  EXPECT_EQ(batch.datagrams[0].hop_limit, 56);
  EXPECT_EQ(batch.datagrams[1].hop_limit, 0);
  EXPECT_EQ(batch.datagrams[2].hop_limit, 1);
  EXPECT_EQ(batch.datagrams[3].hop_limit, 0);  // the system's own
  EXPECT_EQ(batch.loop, nullptr);
}

TEST_F(OutboundTest, a_message_in_too_many_tunnels_is_dropped) {
  const auto batch = send({nested("10.0.0.2", 4, 8, 8)});
  EXPECT_TRUE(batch.datagrams.empty());
  ASSERT_NE(batch.loop, nullptr);
  EXPECT_FALSE(batch.loop->own);
  EXPECT_EQ(shared_.drops.get(DropReason::kRoutingLoop), 1U);
}

}  // namespace
}  // namespace wring
