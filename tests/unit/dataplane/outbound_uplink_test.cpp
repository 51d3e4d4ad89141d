// What leaves while the socket is filling up.
#include <gtest/gtest.h>

#include "dataplane/outbound.h"
#include "ip/endpoint_parse.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};
constexpr TimePoint kNow = kMade + 1s;
constexpr std::size_t kLimit = 1 << 20;
constexpr std::size_t kPayload = 1000;

class OutboundUplinkTest : public testing::Test {
 protected:
  OutboundUplinkTest() {
    connect(greedy_, greedy_session_, "10.0.0.2/32", "192.0.2.2:5000");
    connect(modest_, modest_session_, "10.0.0.3/32", "192.0.2.3:5000");
    connect(other_family_, other_session_, "10.0.0.4/32", "[2001:db8::4]:5000");
  }
  void connect(Peer& peer, Session& session, const char* inner, const char* endpoint) {
    shared_.allowed_ips.insert(IpPrefix::parse(inner).value(), &peer);
    EXPECT_TRUE(shared_.sessions.insert(session.keys().local_index, &session));
    peer.endpoint.store(parse_endpoint(endpoint).value());
    peer.sending = &session;
  }
  // How many datagrams that many packets make.
  std::size_t send(std::string_view destination, std::size_t count) {
    std::vector<Packet> packets(count, make_packet({.source = "10.0.0.1",
                                                    .destination = destination,
                                                    .payload = Packet(kPayload, 0x5a)}));
    std::vector<TunPacket> batch;
    for (Packet& each : packets) {
      const std::size_t size = each.size();
      each.resize(size + kPacketTailRoom);
      batch.push_back({{}, MutByteSpan(each).first(size)});
    }
    return outbound_.process(batch, kNow).datagrams.size();
  }
  std::uint64_t dropped() { return shared_.drops.get(DropReason::kUplinkFull); }

  SharedState shared_;
  Peer greedy_{PublicKey{}, 1, shared_.staged_memory};
  Peer modest_{PublicKey{{1}}, 2, shared_.staged_memory};
  Peer other_family_{PublicKey{{2}}, 3, shared_.staged_memory};
  Session greedy_session_{greedy_, keys_of_test(true, 7, 8), kMade};
  Session modest_session_{modest_, keys_of_test(true, 9, 10), kMade};
  Session other_session_{other_family_, keys_of_test(true, 11, 12), kMade};
  Outbound outbound_{shared_};
};

TEST_F(OutboundUplinkTest, with_room_all_leaves_and_the_kernel_is_asked_now_and_then) {
  UplinkShares& uplink = outbound_.uplink(true);
  uplink.update(0, kLimit);
  EXPECT_FALSE(uplink.wants_update());
  EXPECT_EQ(send("10.0.0.2", 64), 64u);
  EXPECT_EQ(send("10.0.0.2", 64), 64u);
  EXPECT_TRUE(uplink.wants_update());
  EXPECT_EQ(dropped(), 0u);
}

TEST_F(OutboundUplinkTest, a_peer_has_its_share_and_the_surplus_is_dropped_unsealed_and_counted) {
  outbound_.uplink(true).update(kLimit / 2, kLimit);
  std::size_t sent = 0;
  for (int i = 0; i < 20; ++i)
    sent += send("10.0.0.2", 64);
  // It holds as much as is still free when it holds a quarter of the limit, at 1,828 bytes each.
  EXPECT_GT(sent, 120u);
  EXPECT_LT(sent, 160u);
  EXPECT_EQ(dropped(), 20 * 64 - sent);
  std::uint64_t next = 0;
  EXPECT_EQ(greedy_session_.reserve_counters(1, next), 1u);
  EXPECT_EQ(next, sent);
  EXPECT_EQ(greedy_.tx_bytes.load(), sent * (1024 + 32));
}

TEST_F(OutboundUplinkTest, another_peer_still_has_room) {
  outbound_.uplink(true).update(kLimit / 2, kLimit);
  for (int i = 0; i < 20; ++i)
    send("10.0.0.2", 64);
  EXPECT_EQ(send("10.0.0.2", 1), 0u);
  EXPECT_EQ(send("10.0.0.3", 10), 10u);
}

TEST_F(OutboundUplinkTest, the_other_family_has_a_socket_of_its_own) {
  outbound_.uplink(true).update(kLimit / 2, kLimit);
  for (int i = 0; i < 20; ++i)
    send("10.0.0.2", 64);
  EXPECT_EQ(send("10.0.0.4", 64), 64u);
  EXPECT_EQ(send("10.0.0.4", 64), 64u);
}

TEST_F(OutboundUplinkTest, once_the_socket_has_drained_all_leaves_again) {
  outbound_.uplink(true).update(kLimit / 2, kLimit);
  for (int i = 0; i < 20; ++i)
    send("10.0.0.2", 64);
  outbound_.uplink(true).update(0, kLimit);
  EXPECT_EQ(send("10.0.0.2", 64), 64u);
}

}  // namespace
}  // namespace wring
