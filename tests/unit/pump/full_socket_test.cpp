// A socket whose interface is slower than what is sent.
#include <gmock/gmock.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <chrono>

#include "tests/support/private_namespace.h"
#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"
#include "tun/tun_device.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::run;
using test::v4_endpoint;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;

constexpr std::uint32_t kDatagrams = 200;
constexpr std::size_t kSize = 1400;

// Datagrams to 10.8.0.2 leave by the interface sink0, at a rate that a test chooses. There the test
// reads them. What comes in comes by loopback, which nothing slows down.
class FullSocketTest : public test::NamespaceTest,
                       public testing::WithParamInterface<test::Driver> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto sink = TunDevice::create("sink0", 1, 1500);
    ASSERT_TRUE(sink) << sink.error().message;
    sink_ = std::make_unique<TunDevice>(std::move(*sink));
    ASSERT_TRUE(run("sysctl -w net.ipv6.conf.sink0.disable_ipv6=1"));
    ASSERT_TRUE(run("ip addr add 10.8.0.1/24 dev sink0"));
    ASSERT_TRUE(run("ip link set sink0 up"));
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    tun_.reset(pair[0]);
    far_.reset(pair[1]);
    auto pump = test::make_pump_on(GetParam(), tun_.get(), errors_);
    ASSERT_TRUE(pump) << pump.error().message;
    pump_ = std::move(*pump);
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
  void limit_rate(const std::string& rate) {
    ASSERT_TRUE(run("tc qdisc add dev sink0 root tbf rate " + rate + " burst 2kb limit 64mb"));
  }
  // More than the socket holds.
  void send_all() {
    for (const auto& payload : payloads_)
      pump_->send({payload, &to_, 0});
  }
  PacketPump::Input turn() {
    pump_->wake();
    return pump_->wait();
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

  std::unique_ptr<TunDevice> sink_;
  test::RecordedErrors errors_;
  UniqueFd tun_;
  UniqueFd far_;
  std::unique_ptr<PacketPump> pump_;
  std::uint16_t port_ = 0;
  const Endpoint to_ = v4_endpoint("10.8.0.2", 7);
  std::vector<Bytes<kSize>> payloads_{kDatagrams};
};

TEST_P(FullSocketTest, datagrams_come_in_while_others_wait_to_leave_and_all_leave_in_order) {
  limit_rate("4mbit");
  turn();
  send_all();
  ASSERT_TRUE(turn().unsent);
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
  limit_rate("4mbit");
  turn();
  send_all();
  ASSERT_TRUE(turn().unsent);
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
  limit_rate("4mbit");
  turn();
  send_all();
  ASSERT_TRUE(turn().unsent);
  const Bytes<3> packet{1, 2, 3};
  const iovec part{const_cast<std::uint8_t*>(packet.data()), packet.size()};
  pump_->write_packet({&part, 1});
  ASSERT_TRUE(turn().unsent);
  Bytes<8> room;
  EXPECT_EQ(::recv(far_.get(), room.data(), room.size(), MSG_DONTWAIT), 3);
}

TEST_P(FullSocketTest, what_waits_leaves_by_new_sockets) {
  limit_rate("4mbit");
  turn();
  send_all();
  ASSERT_TRUE(turn().unsent);
  open_sockets(1 << 20);
  EXPECT_FALSE(pump_->wait().unsent);
  EXPECT_EQ(arrived(kDatagrams), all());
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(FullSocketTest, a_socket_that_drains_nothing_holds_nothing_else_up) {
  limit_rate("8kbit");
  turn();
  send_all();
  ASSERT_TRUE(turn().unsent);
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
