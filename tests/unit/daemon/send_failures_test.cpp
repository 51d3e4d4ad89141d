// What a worker does about refused datagrams, with a pump that only writes down what it is given.
#include "daemon/send_failures.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "ip/endpoint_parse.h"
#include "peer/peer.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kMade{1000s};
constexpr TimePoint kNow = kMade + 1s;

class RecordingPump final : public PacketPump {
 public:
  Input wait() override { return {}; }
  void send(const OutgoingDatagram& datagram) override { sent.push_back(datagram); }
  void write_packet(std::span<const iovec> /*parts*/) override {}
  SocketFill fill(bool /*v4*/) override { return {}; }
  void wake() override {}
  void set_sockets(std::shared_ptr<const UdpSockets> /*sockets*/) override {}
  std::vector<OutgoingDatagram> sent;
};

class SendFailuresTest : public testing::Test {
 protected:
  SendFailuresTest() {
    shared_.allowed_ips.insert(IpPrefix::parse("10.0.0.2/32").value(), &peer_);
    EXPECT_TRUE(shared_.sessions.insert(SessionIndex{7}, &session_));
    endpoint_.source_ifindex = 3;
    endpoint_.source.v4.s_addr = htonl(0xc0000201);
    peer_.endpoint.store(endpoint_);
    peer_.sending = &session_;
  }
  // What leaves for so many packets that fill datagrams of 160 bytes.
  std::span<const OutgoingDatagram> seal(std::size_t count, TimePoint now = kNow) {
    failures_.conclude();
    storage_.assign(count, make_packet({.source = "10.0.0.1",
                                        .destination = "10.0.0.2",
                                        .payload = Packet(108, 0x5a)}));
    std::vector<TunPacket> batch;
    for (Packet& each : storage_) {
      each.resize(128 + 16);
      batch.push_back({{}, MutByteSpan(each).first(128)});
    }
    return outbound_.process(batch, now).datagrams;
  }
  // What is sent in answer to this failure.
  std::vector<OutgoingDatagram> fail(const OutgoingDatagram& datagram, int error) {
    pump_.sent.clear();
    failures_.take(datagram, error, pump_);
    return pump_.sent;
  }
  std::uint64_t lost() const { return shared_.drops.get(DropReason::kSendError); }

  SharedState shared_;
  Peer peer_{PublicKey{}, 1, shared_.staged_memory};
  Session session_{peer_, keys_of_test(true, 7, 8), kMade};
  Outbound outbound_{shared_, make_aead_engine(), true};
  LoggedOnce logged_;
  SendFailures failures_{outbound_, shared_.drops, logged_};
  RecordingPump pump_;
  Endpoint endpoint_ = parse_endpoint("192.0.2.2:5000").value();
  std::vector<Packet> storage_;
};

// Kernels before 6.14 answer EINVAL where a path is too narrow for a row.
TEST_F(SendFailuresTest, a_refused_row_is_sent_apart_from_the_same_source) {  // P29
  for (const int error : {EINVAL, EMSGSIZE, EIO}) {
    peer_.joined_sizes.forget();
    const auto row = seal(3);
    ASSERT_EQ(row.size(), 1U);
    const auto pieces = fail(row[0], error);
    ASSERT_EQ(pieces.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(*pieces[i].to, endpoint_);
      EXPECT_EQ(pieces[i].segment_size, 0);
      EXPECT_EQ(pieces[i].payload.data(), row[0].payload.data() + i * 160);
      EXPECT_EQ(pieces[i].payload.size(), 160U);
    }
    EXPECT_EQ(seal(3).size(), 3U) << "the size is not tried again";
    EXPECT_EQ(peer_.endpoint.load(), endpoint_);
  }
  EXPECT_EQ(lost(), 0U);
}

TEST_F(SendFailuresTest, the_source_is_forgotten_where_a_single_datagram_fails_by_it) {  // P29
  const auto row = seal(2);
  const auto pieces = fail(row[0], EINVAL);
  Endpoint without = endpoint_;
  without.clear_source();
  for (const OutgoingDatagram& piece : pieces) {
    const auto again = fail(piece, EINVAL);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(*again[0].to, without);
    EXPECT_EQ(again[0].payload.data(), piece.payload.data());
  }
  EXPECT_EQ(peer_.endpoint.load(), without);
  EXPECT_EQ(seal(2).size(), 1U) << "joining was not at fault";
  EXPECT_EQ(lost(), 0U);
}

TEST_F(SendFailuresTest, an_error_of_the_source_alone_keeps_the_row_but_for_its_source) {  // P29
  const auto row = seal(2);
  const auto pieces = fail(row[0], EADDRNOTAVAIL);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].to->source_ifindex, 0U);
  EXPECT_EQ(pieces[0].to, pieces[1].to);
}

TEST_F(SendFailuresTest, the_marks_of_a_datagram_stay_with_its_pieces) {
  OutgoingDatagram row = seal(2)[0];
  row.tos = 2;
  row.hop_limit = 56;
  for (const OutgoingDatagram& piece : fail(row, EINVAL)) {
    EXPECT_EQ(piece.tos, 2);
    EXPECT_EQ(piece.hop_limit, 56);
  }
}

TEST_F(SendFailuresTest, what_is_lost_counts_as_not_sent) {  // P9, P25, P26, P27
  peer_.activity.on_received(kMade);
  static_cast<void>(peer_.activity.on_data_received(kMade));
  const auto row = seal(3);
  EXPECT_EQ(peer_.tx_bytes.load(), 480U);
  EXPECT_TRUE(fail(row[0], EPERM).empty());
  EXPECT_EQ(lost(), 3U);
  EXPECT_EQ(peer_.tx_bytes.load(), 0U);
  EXPECT_EQ(peer_.activity.last_traversal(), kMade);
  EXPECT_EQ(peer_.activity.owing_reply_since(), kMade);  // the passive keepalive is due still
  EXPECT_EQ(peer_.activity.awaiting_reply_since(), kNever);
}

TEST_F(SendFailuresTest, what_is_lost_in_part_counts_as_sent_in_part) {
  const auto row = seal(3);
  const auto pieces = fail(row[0], EMSGSIZE);
  EXPECT_TRUE(fail(pieces[0], EPERM).empty());
  EXPECT_TRUE(fail(pieces[1], EPERM).empty());
  EXPECT_EQ(peer_.tx_bytes.load(), 160U);
  EXPECT_EQ(peer_.activity.last_traversal(), kNow);
  EXPECT_EQ(peer_.activity.awaiting_reply_since(), kNow);
  EXPECT_EQ(lost(), 2U);
}

TEST_F(SendFailuresTest, what_is_lost_without_its_source_is_put_down_to_its_peer) {
  const auto single = seal(1);
  const auto again = fail(single[0], ENETUNREACH);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(peer_.endpoint.load().source_ifindex, 0U);
  EXPECT_TRUE(fail(again[0], ENETUNREACH).empty());
  EXPECT_EQ(peer_.tx_bytes.load(), 0U);
  EXPECT_EQ(lost(), 1U);
  EXPECT_EQ(peer_.endpoint.load(), endpoint_) << "there is no way at all, which no source is to "
                                                 "blame for";
}

TEST_F(SendFailuresTest, a_source_comes_not_back_where_the_peer_was_heard_meanwhile) {
  const auto single = seal(1);
  const auto again = fail(single[0], ENETUNREACH);
  ASSERT_EQ(again.size(), 1U);
  Endpoint heard = endpoint_;
  heard.source_ifindex = 4;
  EXPECT_TRUE(peer_.hear_from(heard).elsewhere);
  EXPECT_TRUE(fail(again[0], ENETUNREACH).empty());
  EXPECT_EQ(peer_.endpoint.load(), heard);
}

TEST_F(SendFailuresTest, a_peer_that_was_removed_meanwhile_is_not_looked_for) {
  const auto single = seal(1);
  EXPECT_TRUE(shared_.sessions.remove(SessionIndex{7}));
  EXPECT_TRUE(fail(single[0], EPERM).empty());
  EXPECT_EQ(lost(), 1U);
}

}  // namespace
}  // namespace wring
