// Bytes of one direction, between real sockets.
#include "proxy/flow.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "connection_for_tests.h"
#include "stack/end_mark.h"

namespace wring::proxy {
namespace {

using State = Flow::State;

std::pair<UniqueFd, UniqueFd> sockets() {
  std::array<int, 2> ends{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string read_all(const UniqueFd& from) {
  std::string all(1 << 20, '\0');
  const ssize_t got = recv(from.get(), all.data(), all.size(), 0);
  all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return all;
}

class Flows : public ::testing::Test {
 protected:
  State run() { return flow_.run(pipes_, source_.get(), sink_.get()); }
  void send_to_source(const std::string& text) {
    ASSERT_EQ(send(client_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    flow_.source_is_ready(false);
  }
  void end_source() {
    shutdown(client_.get(), SHUT_WR);
    flow_.source_is_ready(true);
  }
  // Whether the target has been told of an end.
  [[nodiscard]] bool target_ended() {
    char byte = 0;
    return recv(target_.get(), &byte, 1, 0) == 0;
  }

  Flows() {
    std::tie(client_, source_) = sockets();
    std::tie(sink_, target_) = sockets();
  }

  Pipes pipes_;
  Flow flow_;
  UniqueFd client_;
  UniqueFd source_;
  UniqueFd sink_;
  UniqueFd target_;
};

TEST_F(Flows, FirstBytesComeFirst) {
  flow_.begin_with("first ");
  send_to_source("then");
  EXPECT_EQ(run(), State::kWaiting);
  EXPECT_EQ(read_all(target_), "first then");
  EXPECT_EQ(flow_.take_passed(), 10U);
  EXPECT_EQ(flow_.take_passed(), 0U);
}

TEST_F(Flows, AnEndIsPassedOnBehindTheLastByte) {
  send_to_source("last");
  end_source();
  EXPECT_EQ(run(), State::kEnded);
  EXPECT_EQ(read_all(target_), "last");
  EXPECT_TRUE(target_ended());
  EXPECT_TRUE(flow_.has_read_all());
}

TEST_F(Flows, AnEndThatComesLaterIsPassedOnLater) {
  send_to_source("last");
  EXPECT_EQ(run(), State::kWaiting);
  end_source();
  EXPECT_EQ(run(), State::kEnded);
  EXPECT_EQ(read_all(target_), "last");
  EXPECT_TRUE(target_ended());
}

TEST_F(Flows, ASinkThatIsClosedNextIsNotToldOfTheEnd) {
  send_to_source("last");
  end_source();
  EXPECT_EQ(flow_.run(pipes_, source_.get(), sink_.get(), true), State::kEnded);
  EXPECT_EQ(read_all(target_), "last");
  EXPECT_FALSE(target_ended());
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(Flows, FewAndManyBytesComeInTheirOrder) {
  std::string all;
  std::string got;
  for (const std::size_t size : {1U, 16'384U, 100'000U, 3U, 16'383U, 16'385U, 0U, 50'000U}) {
    std::string part(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      part[i] = static_cast<char>((all.size() + i) * 31 >> 3);
    all += part;
    if (size != 0) send_to_source(part);
    EXPECT_EQ(run(), State::kWaiting);
    got += read_all(target_);
    flow_.sink_is_ready();
  }
  EXPECT_EQ(run(), State::kWaiting);
  got += read_all(target_);
  EXPECT_EQ(got, all);
  EXPECT_EQ(flow_.take_passed(), all.size());
}

TEST_F(Flows, NothingIsReadBeforeTheSourceIsSaidToBeReady) {
  ASSERT_EQ(send(client_.get(), "early", 5, 0), 5);
  EXPECT_EQ(run(), State::kWaiting);
  flow_.source_is_ready(false);
  EXPECT_EQ(run(), State::kWaiting);
  EXPECT_EQ(read_all(target_), "early");
}

TEST_F(Flows, WithALimitTheRestStaysAndNoEndIsTold) {
  flow_.limit(3);
  send_to_source("body and more");
  EXPECT_EQ(run(), State::kEnded);
  EXPECT_EQ(read_all(target_), "bod");
  EXPECT_FALSE(target_ended());
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_FALSE(flow_.has_read_all());
}

TEST_F(Flows, ABodyInChunksEndsWithItsLastOne) {
  const std::string large(100'000, 'x');
  const std::string body = "186a0\r\n" + large + "\r\n2\r\nok\r\n0\r\n\r\n";
  flow_.limit(ChunkedBody());
  std::string got;
  const std::string all = body + "GET / HTTP/1.1\r\n\r\n";
  State state = State::kWaiting;
  for (std::size_t done = 0; done < all.size(); done += 10'000) {
    send_to_source(all.substr(done, 10'000));
    flow_.sink_is_ready();
    state = run();
    got += read_all(target_);
  }
  EXPECT_EQ(state, State::kEnded);
  EXPECT_EQ(got, body);
  EXPECT_EQ(read_all(source_), "GET / HTTP/1.1\r\n\r\n");
}

TEST_F(Flows, AWrongChunkBreaksIt) {
  flow_.limit(ChunkedBody());
  send_to_source("2\r\nab\r\nzz\r\n");
  EXPECT_EQ(run(), State::kBroken);
}

TEST_F(Flows, ASinkThatTakesNoMoreHoldsBackTheSource) {
  const std::string block(1 << 16, 'x');
  std::size_t sent = 0;
  for (int idle = 0; idle < 3;) {
    const ssize_t more = send(client_.get(), block.data(), block.size(), 0);
    idle = more > 0 ? 0 : idle + 1;
    if (more > 0) sent += static_cast<std::size_t>(more);
    flow_.source_is_ready(false);
    ASSERT_NE(run(), State::kBroken);
  }
  EXPECT_LT(sent, 4U << 20);
  std::size_t received = 0;
  for (std::string part = read_all(target_); !part.empty(); part = read_all(target_)) {
    received += part.size();
    flow_.sink_is_ready();
    flow_.source_is_ready(false);
    ASSERT_NE(run(), State::kBroken);
  }
  EXPECT_EQ(received, sent);
}

// A pair of sockets looks the same after both.
TEST_F(Flows, WithoutItsMarkAnEndIsAReset) {
  const auto [ours, theirs] = stack::make_end_marks();
  flow_.use_marks(ours.get(), -1);
  send_to_source("half");
  client_.reset();
  flow_.source_is_ready(true);
  EXPECT_EQ(run(), State::kBroken);
  EXPECT_EQ(read_all(target_), "half");
  EXPECT_FALSE(target_ended());
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_FALSE(flow_.has_ended());
}

// What it had not read has the kernel tell a reset, few bytes or many behind which the end is.
TEST_F(Flows, AResetBehindAMarkedEndIsAnEnd) {
  for (const std::size_t size : {10U, 100'000U}) {
    flow_ = {};
    std::tie(client_, source_) = sockets();
    std::tie(sink_, target_) = sockets();
    const auto [ours, theirs] = stack::make_end_marks();
    flow_.use_marks(ours.get(), -1);
    ASSERT_EQ(send(source_.get(), "unread", 6, 0), 6);
    send_to_source(std::string(size, 'x'));
    stack::mark_end(theirs.get());
    client_.reset();
    flow_.source_is_ready(true);
    EXPECT_EQ(run(), State::kEnded);
    EXPECT_EQ(read_all(target_).size(), size);
    EXPECT_TRUE(target_ended());
  }
}

// splice() does not pass it.
TEST_F(Flows, AnUrgentByteIsAByteAmongOthers) {
  for (const bool ends : {false, true}) {
    Flow flow;
    Connection from = connection();
    constexpr int kYes = 1;
    setsockopt(from.relays.get(), SOL_SOCKET, SO_OOBINLINE, &kYes, sizeof kYes);
    std::string all(16'384, 'a');
    const auto turn = [&](int flags, const std::string& text) {
      ASSERT_EQ(send(from.others.get(), text.data(), text.size(), flags),
                static_cast<ssize_t>(text.size()));
    };
    // So many at once that it splices.
    turn(0, all);
    pollfd arrived{from.relays.get(), POLLIN, 0};
    std::array<char, 16'384> seen;
    while (recv(from.relays.get(), seen.data(), seen.size(), MSG_PEEK) < 16'384)
      poll(&arrived, 1, 1000);
    flow.source_is_ready(false);
    EXPECT_EQ(flow.run(pipes_, from.relays.get(), sink_.get()), State::kWaiting);
    turn(MSG_OOB, "more!");
    turn(0, "and more");
    if (ends) ASSERT_EQ(shutdown(from.others.get(), SHUT_WR), 0);
    arrived.events = static_cast<short>(POLLPRI | (ends ? POLLRDHUP : 0));
    while ((arrived.revents & arrived.events) != arrived.events)
      ASSERT_EQ(poll(&arrived, 1, 10'000), 1);
    flow.source_is_ready(true);
    EXPECT_EQ(flow.run(pipes_, from.relays.get(), sink_.get()),
              ends ? State::kEnded : State::kWaiting);
    EXPECT_EQ(read_all(target_), all + "more!and more");
  }
}

TEST_F(Flows, ASinkThatIsGoneBreaksIt) {
  signal(SIGPIPE, SIG_IGN);
  target_.reset();
  send_to_source("lost");
  EXPECT_EQ(run(), State::kRefused);
  EXPECT_EQ(run(), State::kRefused);
}

// Before the sink can see it.
TEST_F(Flows, AnEndIsMarkedForTheSink) {
  const auto [ours, theirs] = stack::make_end_marks();
  flow_.use_marks(-1, ours.get());
  send_to_source("all");
  EXPECT_EQ(run(), State::kWaiting);
  EXPECT_FALSE(stack::end_is_marked(theirs.get()));
  end_source();
  EXPECT_EQ(run(), State::kEnded);
  EXPECT_TRUE(stack::end_is_marked(theirs.get()));
}

}  // namespace
}  // namespace wring::proxy
