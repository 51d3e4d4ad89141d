// Input that must not hold up other input: datagrams that are refused, and those of the other
// family.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::v4_endpoint;
using test::v6_endpoint;

class PacketPumpInputTest : public test::PumpTest {};

// A datagram without an address is refused. UDP has none, so the IPv4 socket is one end of a pair
// here. The families share buffers: if those of refused datagrams were lost, none would be left.
TEST_P(PacketPumpInputTest, datagrams_that_are_refused_use_up_no_buffers) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd near(pair[0]);
  const UniqueFd far(pair[1]);
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets) << sockets.error().message;
  ASSERT_GE(dup2(near.get(), (*sockets)->fd_v4(0)), 0);
  const Endpoint self = v6_endpoint("::1", (*sockets)->port());
  pump_->set_sockets(std::move(*sockets));
  EXPECT_TRUE(pump_->wait().datagrams.empty());  // returns because it was woken

  std::thread sender([&] {
    for (int i = 0; i < 5000; ++i)
      EXPECT_EQ(::send(far.get(), "?", 1, 0), 1);
    EXPECT_TRUE(PlainSocket(AF_INET6).send(Bytes<3>{1, 2, 3}, self));
  });
  const auto input = pump_->wait();
  sender.join();
  ASSERT_EQ(input.datagrams.size(), 1U);
  EXPECT_EQ(input.datagrams[0].payload.size(), 3U);
}

TEST_P(PacketPumpInputTest, one_family_does_not_wait_until_the_other_has_nothing_more) {
  const PlainSocket peer(AF_INET);
  for (int i = 0; i < 2000; ++i)
    ASSERT_TRUE(peer.send(Bytes<4>{4}, v4_endpoint("127.0.0.1", sockets_->port())));
  ASSERT_TRUE(PlainSocket(AF_INET6).send(Bytes<6>{6}, v6_endpoint("::1", sockets_->port())));
  bool other_came = false;
  int turns = 0;
  for (; !other_came && turns < 2000; ++turns) {
    for (const ReceivedDatagram& datagram : pump_->wait().datagrams)
      other_came = other_came || !datagram.from.is_v4();
  }
  EXPECT_TRUE(other_came);
  EXPECT_LE(turns, 3);
}

INSTANTIATE_TEST_SUITE_P(Drivers, PacketPumpInputTest,
                         testing::Values(test::Driver::kUring, test::Driver::kUringAndPoll,
                                         test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
