// What the stack gets when a client is handed over, and what becomes of a connection that is gone.
#include "proxy/stack_side.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <tuple>
#include <utility>

#include "proxy/datagram_io.h"
#include "proxy/loop.h"
#include "stack/end_mark.h"

namespace wring::proxy {
namespace {

using stack::Handing;

class HandOver : public ::testing::Test {
 protected:
  void SetUp() override { std::tie(ours_, stacks_) = stack::make_pair(SOCK_STREAM); }
  bool hand_over(const std::string& first) {
    const auto client = stack::make_pair(SOCK_STREAM);
    return side_.hand_over(ours_.get(), client.first.get(), first);
  }

  StackSide side_{UniqueFd(), {}};
  UniqueFd ours_;
  UniqueFd stacks_;
};

TEST_F(HandOver, the_client_and_its_first_bytes_come_at_once) {
  const std::string first(stack::kMostHandedBytes, 'f');
  EXPECT_TRUE(hand_over(first));
  Bytes<1 + stack::kMostHandedBytes> bytes{};
  const stack::Received got = stack::receive_with(stacks_.get(), bytes);
  EXPECT_EQ(got.size, static_cast<ssize_t>(bytes.size()));
  EXPECT_TRUE(got.descriptor);
  EXPECT_EQ(bytes[0], static_cast<std::uint8_t>(Handing::kStack));
}

TEST_F(HandOver, with_more_bytes_than_that_the_relay_passes_them_on) {
  EXPECT_FALSE(hand_over(std::string(stack::kMostHandedBytes + 1, 'f')));
  Bytes<2> bytes{};
  const stack::Received got = stack::receive_with(stacks_.get(), bytes);
  EXPECT_EQ(got.size, 1);
  EXPECT_EQ(bytes[0], static_cast<std::uint8_t>(Handing::kRelay));
  const UniqueFd mark = side_.end_mark(ours_.get());
  ASSERT_TRUE(mark && got.descriptor);
  stack::mark_end(got.descriptor.get());
  EXPECT_TRUE(stack::end_is_marked(mark.get()));
}

TEST(Asking, a_mark_comes_with_the_answer_and_is_given_once) {
  auto [requests, stacks] = stack::make_pair(SOCK_SEQPACKET);
  StackSide side(std::move(requests), {});
  for (const bool comes : {true, false}) {
    const UniqueFd made = side.socket(IpVersion::kV4, SOCK_STREAM);
    EXPECT_FALSE(side.connect(made.get(), endpoint_at(*IpAddress::parse("192.0.2.1"), 7), {}));
    EXPECT_EQ(errno, EINPROGRESS);
    Bytes<stack::kRequestSize> bytes{};
    const stack::Received request = stack::receive_with(stacks.get(), bytes);
    ASSERT_TRUE(request.descriptor);
    const auto [ours, theirs] = stack::make_end_marks();
    const auto answer = encode(stack::DatagramHead{stack::Place{*IpAddress::parse("::1"), 7}});
    if (comes) {
      ASSERT_TRUE(stack::send_with(request.descriptor.get(), answer, theirs.get()));
      EXPECT_EQ(side.outcome(made.get(), EPOLLIN), 0);
      EXPECT_TRUE(side.end_mark(made.get()));
    } else {  // This process may have no more descriptors.
      ASSERT_GT(send(request.descriptor.get(), answer.data(), answer.size(), 0), 0);
      EXPECT_EQ(side.outcome(made.get(), EPOLLIN), EMFILE);
    }
    EXPECT_FALSE(side.end_mark(made.get()));
  }
}

// Also to one who heard of it before, and did not know yet what to do.
TEST_F(HandOver, a_connection_that_is_gone_hangs_up) {
  const auto loop = *Loop::create();
  std::uint32_t events = 0;
  ASSERT_TRUE(loop->watch(ours_.get(), [&](std::uint32_t each) { events |= each; }));
  stacks_.reset();
  loop->turn();
  EXPECT_NE(events & EPOLLHUP, 0U);
  events = 0;
  EXPECT_TRUE(hand_over("first"));
  EXPECT_FALSE(side_.passed(ours_.get()));
  loop->at(SystemClock().now() + std::chrono::seconds(5), [] {});
  loop->turn();
  EXPECT_NE(events & EPOLLHUP, 0U);
  loop->forget(ours_.get());
}

}  // namespace
}  // namespace wring::proxy
