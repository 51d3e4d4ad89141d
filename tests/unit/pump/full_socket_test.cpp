// A socket whose interface is slower than what is sent.
#include <gmock/gmock.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <chrono>

#include "tests/support/slow_sink.h"
#include "tests/unit/pump/pump_for_tests.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::v4_endpoint;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t kDatagrams = 200;
constexpr std::size_t kSize = 1400;

// What is sent leaves by an interface of a rate that a test chooses. What comes in comes by
// loopback.
class FullSocketTest : public test::SlowSinkTest,
                       public testing::WithParamInterface<test::Driver>,
                       protected test::PumpOnPair {
 protected:
  void SetUp() override {
    SlowSinkTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_NO_FATAL_FAILURE(open_pump(GetParam()));
    open_sockets(100000);
    for (std::uint32_t i = 0; i < kDatagrams; ++i)
      store(MutByteSpan(payloads_[i]), i);
  }
  void open_sockets(int room) {
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets);
    setsockopt((*sockets)->fd_v4(0), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    port_ = (*sockets)->port();
    pump_->set_sockets(std::move(*sockets));
  }
  // More than the socket holds.
  void send_all() {
    for (const auto& payload : payloads_)
      pump_->send({payload, &behind_sink_, 0});
  }
  // Leaves datagrams in the pump, because the interface is so slow.
  void fill(const std::string& rate) {
    limit_rate(rate);
    turn();
    send_all();
    ASSERT_TRUE(turn().unsent);
  }
  // The numbers that came out of sink0, in order.
  std::vector<std::uint32_t> arrived(std::size_t expected) {
    std::vector<std::uint32_t> numbers;
    Bytes<1500> packet;
    while (numbers.size() < expected) {
      pollfd ready{sink_->queues()[0].get(), POLLIN, 0};
      if (poll(&ready, 1, 5000) != 1) break;
      const ssize_t size = read(ready.fd, packet.data(), packet.size());
      if (size != sizeof(iphdr) + sizeof(udphdr) + kSize) continue;
      numbers.push_back(load<std::uint32_t>(ByteSpan(packet), sizeof(iphdr) + sizeof(udphdr)));
    }
    return numbers;
  }
  static std::vector<std::uint32_t> all() {
    std::vector<std::uint32_t> numbers(kDatagrams);
    for (std::uint32_t i = 0; i < kDatagrams; ++i)
      numbers[i] = i;
    return numbers;
  }

  std::uint16_t port_ = 0;
  std::vector<Bytes<kSize>> payloads_{kDatagrams};
};

TEST_P(FullSocketTest, datagrams_come_in_while_others_wait_to_leave_and_all_leave_in_order) {
  ASSERT_NO_FATAL_FAILURE(fill("4mbit"));
  PlainSocket peer(AF_INET);
  const Endpoint self = v4_endpoint("127.0.0.1", port_);
  unsigned received = 0;
  for (bool unsent = true; unsent; ++received) {
    ASSERT_TRUE(peer.send(Bytes<4>{1}, self));
    const auto input = pump_->wait();
    ASSERT_EQ(input.datagrams.size(), 1u);
    unsent = input.unsent;
  }
  EXPECT_GE(received, 10u);
  EXPECT_EQ(arrived(kDatagrams), all());
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(FullSocketTest, packets_stay_in_the_tun_until_what_waits_has_left) {
  ASSERT_NO_FATAL_FAILURE(fill("4mbit"));
  ASSERT_EQ(::send(far_.get(), "later", 5, 0), 5);
  // No event but room in the socket ends this wait.
  const auto input = pump_->wait();
  EXPECT_FALSE(input.unsent);
  ASSERT_EQ(input.packets.size(), 1u);
  EXPECT_EQ(input.packets[0].bytes.size(), 5u);
  EXPECT_EQ(arrived(kDatagrams), all());
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(FullSocketTest, what_is_written_to_the_tun_does_not_wait) {
  ASSERT_NO_FATAL_FAILURE(fill("4mbit"));
  const Bytes<3> packet{1, 2, 3};
  const iovec part{const_cast<std::uint8_t*>(packet.data()), packet.size()};
  pump_->write_packet({&part, 1});
  ASSERT_TRUE(turn().unsent);
  Bytes<8> room;
  EXPECT_EQ(::recv(far_.get(), room.data(), room.size(), MSG_DONTWAIT), 3);
}

TEST_P(FullSocketTest, what_waits_leaves_by_new_sockets) {
  ASSERT_NO_FATAL_FAILURE(fill("4mbit"));
  open_sockets(1 << 20);
  EXPECT_FALSE(pump_->wait().unsent);
  EXPECT_EQ(arrived(kDatagrams), all());
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(FullSocketTest, a_socket_that_drains_nothing_holds_nothing_else_up) {
  ASSERT_NO_FATAL_FAILURE(fill("8kbit"));
  ASSERT_EQ(::send(far_.get(), "later", 5, 0), 5);
  const auto input = pump_->wait();
  EXPECT_FALSE(input.unsent);
  EXPECT_EQ(input.packets.size(), 1u);
  EXPECT_GE(errors_.seen.size(), 100u);
  EXPECT_LT(errors_.seen.size(), kDatagrams);
  // And what comes next is not waited for.
  send_all();
  EXPECT_FALSE(turn().unsent);
  EXPECT_GE(errors_.seen.size(), 280u);
  EXPECT_THAT(errors_.seen, Each(Pair(kSize, EAGAIN)));
}

INSTANTIATE_TEST_SUITE_P(Drivers, FullSocketTest,
                         testing::Values(test::Driver::kUring, test::Driver::kUringAndPoll,
                                         test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
