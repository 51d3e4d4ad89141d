#include "io/send_budget.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include "tests/support/sockets_for_tests.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::v4_endpoint;

class SendBudgetTest : public testing::Test {
 protected:
  SendBudgetTest() {
    const int room = 100000;  // which the kernel doubles
    setsockopt(sender_.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }
  // Payloads of `size` bytes that fit until the budget says no.
  static int count(SendBudget& budget, std::size_t size) {
    int taken = 0;
    while (taken < 100000 && budget.take(size))
      ++taken;
    return taken;
  }

  PlainSocket sender_{AF_INET};
};

TEST_F(SendBudgetTest, an_empty_budget_gives_nothing) {
  SendBudget budget;
  EXPECT_FALSE(budget.take(1));
}

TEST_F(SendBudgetTest, what_it_lets_through_the_socket_takes_without_blocking) {
  PlainSocket sink(AF_INET);  // keeps what it gets; loopback charges the receiver, once it is there
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  for (const std::size_t size : {0u, 64u, 1452u, 9000u, 65507u}) {
    SendBudget budget(sender_.fd());
    const std::vector<std::uint8_t> payload(size);
    const int fitting = count(budget, size);
    EXPECT_GE(fitting, 1) << size;
    for (int i = 0; i < fitting; ++i) {
      ASSERT_EQ(sendto(sender_.fd(), payload.data(), size, MSG_DONTWAIT, &to.remote.any,
                       to.remote_size()),
                static_cast<ssize_t>(size));
    }
  }
}

TEST_F(SendBudgetTest, it_is_whole_again_when_the_socket_is_empty) {
  SendBudget budget(sender_.fd());
  const int first = count(budget, 1000);
  EXPECT_FALSE(budget.take(1000));
  budget.refresh();
  EXPECT_EQ(count(budget, 1000), first);
}

TEST_F(SendBudgetTest, a_bundle_of_small_datagrams_is_charged_for_each_of_them) {
  SendBudget budget(sender_.fd());
  int whole = 0;
  while (whole < 100000 && budget.take(640, 0))
    ++whole;
  budget.refresh();
  int bundles = 0;
  while (bundles < 100000 && budget.take(640, 64))
    ++bundles;
  EXPECT_GE(bundles, 1);
  EXPECT_LT(bundles, whole / 3);
}

TEST_F(SendBudgetTest, bundles_that_it_lets_through_the_socket_takes_without_blocking) {
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  for (const int segment : {1, 64, 1000}) {
    ASSERT_EQ(setsockopt(sender_.fd(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
    const std::size_t size = 64 * static_cast<std::size_t>(segment);
    const std::vector<std::uint8_t> payload(size);
    SendBudget budget(sender_.fd());
    int fitting = 0;
    while (fitting < 1000 && budget.take(size, static_cast<std::size_t>(segment)))
      ++fitting;
    EXPECT_GE(fitting, 1);
    for (int i = 0; i < fitting; ++i) {
      ASSERT_EQ(sendto(sender_.fd(), payload.data(), size, MSG_DONTWAIT, &to.remote.any,
                       to.remote_size()),
                static_cast<ssize_t>(size));
    }
  }
}

TEST_F(SendBudgetTest, a_datagram_larger_than_the_buffer_passes_alone) {
  const int room = 4608;
  setsockopt(sender_.fd(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  SendBudget budget(sender_.fd());
  EXPECT_TRUE(budget.take(65507));
  EXPECT_FALSE(budget.take(65507));
  budget.refresh();
  EXPECT_TRUE(budget.take(65507));
}

}  // namespace
}  // namespace wring
