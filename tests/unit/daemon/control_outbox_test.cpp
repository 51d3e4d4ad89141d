#include "daemon/control_outbox.h"

#include <gtest/gtest.h>

#include "tests/support/slow_sink.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::run;
using test::v4_endpoint;

// The slow interface passes 1 KB/s. Datagrams to 127.0.0.1 share the socket with those to it.
class ControlOutboxTest : public test::SlowSinkTest {
 protected:
  void SetUp() override {
    SlowSinkTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    limit_rate("8kbit");
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets);
    sockets_ = std::move(*sockets);
    const int room = 20000;
    setsockopt(sockets_->fd_v4(0), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    ASSERT_TRUE(near_.bind_to(v4_endpoint("127.0.0.1", 0)));
  }
  // As a worker would that leaves no room.
  void fill_socket() {
    const Bytes<1000> bulk{};
    while (sockets_->send(0, {bulk, &behind_sink_, 0}) == 0) {
    }
  }
  int send(std::uint8_t number) {
    const std::vector<std::uint8_t> bytes(100, number);
    const Endpoint to = v4_endpoint("127.0.0.1", near_.port());
    return outbox_.send(sockets_.get(), {bytes, &to, 0});
  }
  // How many of that size it takes for where they cannot leave.
  unsigned take(std::size_t size) {
    const std::vector<std::uint8_t> bytes(size);
    unsigned taken = 0;
    while (taken < 10000 && outbox_.send(sockets_.get(), {bytes, &behind_sink_, 0}) == 0)
      ++taken;
    return taken;
  }

  std::shared_ptr<UdpSockets> sockets_;
  PlainSocket near_{AF_INET};
  DropCounters drops_;
  ControlOutbox outbox_{drops_};
};

TEST_F(ControlOutboxTest, with_room_a_datagram_leaves_at_once) {
  EXPECT_EQ(send(1), 0);
  EXPECT_TRUE(outbox_.is_empty());
  EXPECT_EQ(near_.receive(), std::vector<std::uint8_t>(100, 1));
}

TEST_F(ControlOutboxTest, what_finds_no_room_leaves_later_and_in_order) {
  fill_socket();
  for (std::uint8_t i = 0; i < 50; ++i)
    ASSERT_EQ(send(i), 0);
  EXPECT_FALSE(outbox_.is_empty());
  for (int tries = 0; tries < 1000 && !outbox_.is_empty(); ++tries) {
    poll(nullptr, 0, 10);
    outbox_.retry(sockets_.get());
  }
  for (std::uint8_t i = 0; i < 50; ++i)
    ASSERT_EQ(near_.receive(), std::vector<std::uint8_t>(100, i));
  EXPECT_EQ(drops_.get(DropReason::kSendError), 0u);
}

TEST_F(ControlOutboxTest, it_keeps_only_so_much_and_more_messages_than_packets) {
  fill_socket();
  const unsigned packets = take(1400);
  EXPECT_GE(packets, 128u);  // All that one peer may have staged (P22).
  EXPECT_LT(packets, 1000u);
  const unsigned messages = take(148);
  EXPECT_GE(messages, 1000u);
  EXPECT_LT(messages, 10000u);
}

TEST_F(ControlOutboxTest, what_is_kept_when_the_interface_goes_down_is_dropped_and_counted) {
  fill_socket();
  ASSERT_EQ(send(1), 0);
  ASSERT_EQ(send(2), 0);
  outbox_.retry(nullptr);
  EXPECT_TRUE(outbox_.is_empty());
  EXPECT_EQ(drops_.get(DropReason::kInterfaceDown), 2u);
  EXPECT_EQ(outbox_.send(nullptr, {Bytes<4>{}, &behind_sink_, 0}), ENETDOWN);
}

TEST_F(ControlOutboxTest, a_source_that_goes_meanwhile_is_given_up) {  // P29
  ASSERT_TRUE(run("ip addr add 10.9.9.9/32 dev lo"));
  fill_socket();
  Endpoint to = v4_endpoint("127.0.0.1", near_.port());
  inet_pton(AF_INET, "10.9.9.9", &to.source.v4);
  to.source_ifindex = 1;
  ASSERT_EQ(outbox_.send(sockets_.get(), {Bytes<4>{7, 7, 7, 7}, &to, 0}), 0);
  ASSERT_TRUE(run("ip addr del 10.9.9.9/32 dev lo"));
  for (int tries = 0; tries < 1000 && !outbox_.is_empty(); ++tries) {
    poll(nullptr, 0, 10);
    outbox_.retry(sockets_.get());
  }
  EXPECT_EQ(near_.receive(), std::vector<std::uint8_t>(4, 7));
}

}  // namespace
}  // namespace wring
