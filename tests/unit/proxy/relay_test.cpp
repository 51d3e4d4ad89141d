// A relay between two connections of TCP.
#include "proxy/relay.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "connection_for_tests.h"
#include "proxy/addresses.h"
#include "stack/end_mark.h"

namespace wring::proxy {
namespace {

std::size_t read_to_end(const UniqueFd& from) {
  std::array<char, 4096> bytes;
  std::size_t all = 0;
  for (;;) {
    const ssize_t got = recv(from.get(), bytes.data(), bytes.size(), 0);
    EXPECT_GE(got, 0) << "after " << all;
    if (got <= 0) return all;
    all += static_cast<std::size_t>(got);
  }
}

bool ends_by_reset(const UniqueFd& from) {
  std::array<char, 4096> bytes;
  ssize_t got = 0;
  do {
    got = recv(from.get(), bytes.data(), bytes.size(), 0);
  } while (got > 0);
  return got < 0 && errno == ECONNRESET;
}

void reset_at_once(UniqueFd& end) {
  reset_at_close(end);
  end.reset();
}

// A relay between two connections, which nobody has watched before.
class Relays : public ::testing::Test {
 protected:
  void start(std::uint32_t client_events = 0, std::uint32_t target_events = 0,
             std::optional<std::uint64_t> limit = {}, UniqueFd target_mark = {}) {
    relay_ = std::make_unique<Relay>(
        *loop_, pipes_, counters_,
        Relay::Ends{
            {Watched(*loop_, std::move(client_.relays)), client_events},
            {Watched(*loop_, std::move(target_.relays)), target_events, std::move(target_mark)},
            {},
            {},
            limit,
            {},
            {}},
        [this](std::optional<Watched> parting) {
          over_ = true;
          parting_ = std::move(parting);
        });
    ASSERT_TRUE(relay_->start());
  }
  void await_question() {
    std::array<char, 8> question;
    ASSERT_EQ(recv(target_.others.get(), question.data(), question.size(), MSG_WAITALL), 8);
  }
  // Sends until the relay takes no more; returns how much it took.
  std::size_t send_until_full(const UniqueFd& from) {
    const std::string part(10'000, 'a');
    std::size_t size = 0;
    for (int refused = 0; refused < 10; loop_->turn()) {
      const ssize_t sent = send(from.get(), part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      refused = sent < 0 ? refused + 1 : 0;
      if (sent > 0) size += static_cast<std::size_t>(sent);
      loop_->later([] {});
    }
    return size;
  }
  void turn_until_over() {
    while (!over_)
      loop_->turn();
    relay_.reset();
  }

  std::unique_ptr<Loop> loop_ = *Loop::create();
  Pipes pipes_;
  ListenerCounters counters_{};
  Connection client_ = connection();
  Connection target_ = connection();
  std::unique_ptr<Relay> relay_;
  bool over_ = false;
  std::optional<Watched> parting_;
};

TEST_F(Relays, EachEndHearsOfTheOthersEnd) {
  start();
  ASSERT_EQ(send(client_.others.get(), "question", 8, 0), 8);
  ASSERT_EQ(shutdown(client_.others.get(), SHUT_WR), 0);
  while (counters_.from_client < 8)
    loop_->turn();
  EXPECT_EQ(read_to_end(target_.others), 8U);
  ASSERT_EQ(send(target_.others.get(), "answer", 6, 0), 6);
  target_.others.reset();
  turn_until_over();
  EXPECT_EQ(read_to_end(client_.others), 6U);
  EXPECT_EQ(counters_.broken, 0U);
}

TEST_F(Relays, WhatWasReportedBeforeIsNotWaitedFor) {
  ASSERT_EQ(send(client_.others.get(), "question", 8, 0), 8);
  start(EPOLLIN);
  EXPECT_EQ(counters_.from_client, 8U);
}

TEST_F(Relays, AClientThatSaysMoreThanIsTakenIsNotResetBeforeItHasItsAnswer) {
  ASSERT_EQ(send(client_.others.get(), "question and more", 17, 0), 17);
  start(EPOLLIN, 0, 8);
  await_question();
  const std::string answer(20'000, 'a');
  ASSERT_EQ(send(target_.others.get(), answer.data(), answer.size(), 0), 20'000);
  target_.others.reset();
  turn_until_over();
  EXPECT_TRUE(parting_);
  EXPECT_EQ(read_to_end(client_.others), answer.size());
  EXPECT_EQ(counters_.from_client, 8U);
  EXPECT_EQ(counters_.broken, 0U);
}

TEST_F(Relays, AClientThatHasEndedIsLeftAtOnce) {
  ASSERT_EQ(send(client_.others.get(), "question", 8, 0), 8);
  ASSERT_EQ(shutdown(client_.others.get(), SHUT_WR), 0);
  start(EPOLLIN | EPOLLRDHUP);
  await_question();
  target_.others.reset();
  turn_until_over();
  EXPECT_FALSE(parting_);
  EXPECT_EQ(read_to_end(client_.others), 0U);
}

// One that answers before it has read the question, and goes. The reset breaks the other direction
// first.
TEST_F(Relays, AnAnswerThatIsThereIsReadAlthoughTheQuestionIsRefused) {
  ::signal(SIGPIPE, SIG_IGN);
  ASSERT_EQ(send(target_.relays.get(), "x", 1, 0), 1);
  ASSERT_EQ(send(target_.others.get(), "answer", 6, 0), 6);
  ASSERT_EQ(shutdown(target_.others.get(), SHUT_WR), 0);
  target_.others.reset();
  ASSERT_EQ(send(client_.others.get(), "question", 8, 0), 8);
  start();
  turn_until_over();
  EXPECT_EQ(read_to_end(client_.others), 6U);
  EXPECT_EQ(counters_.broken, 1U);
}

// Although nobody has anything to send that would fail.
TEST_F(Relays, AResetAfterAnEndIsNoticed) {
  for (const bool by_target : {true, false}) {
    client_ = connection();
    target_ = connection();
    over_ = false;
    start();
    UniqueFd& first = by_target ? target_.others : client_.others;
    ASSERT_EQ(shutdown(first.get(), SHUT_WR), 0);
    char none = 0;
    const UniqueFd& other = by_target ? client_.others : target_.others;
    while (recv(other.get(), &none, 1, MSG_DONTWAIT) != 0)
      loop_->turn();
    reset_at_once(first);
    turn_until_over();
    EXPECT_EQ(parting_.has_value(), by_target);
    parting_.reset();
  }
  EXPECT_EQ(counters_.broken, 2U);
}

TEST(Relay, AResetAfterTheAnswerLeavesTheAnswerWhole) {
  // splice() raises it, as the relay's process knows.
  ::signal(SIGPIPE, SIG_IGN);
  const auto loop = *Loop::create();
  Pipes pipes;
  ListenerCounters counters;
  Connection client = connection();
  Connection target = connection();
  bool over = false;
  auto relay = std::make_unique<Relay>(*loop, pipes, counters,
                                       Relay::Ends{{Watched(*loop, std::move(client.relays))},
                                                   {Watched(*loop, std::move(target.relays))},
                                                   {},
                                                   {},
                                                   {},
                                                   {},
                                                   {}},
                                       [&](const std::optional<Watched>&) { over = true; });
  ASSERT_TRUE(relay->start());
  const std::string answer(20'000, 'a');
  ASSERT_EQ(send(target.others.get(), answer.data(), answer.size(), 0), 20'000);
  ASSERT_EQ(shutdown(target.others.get(), SHUT_WR), 0);
  // The client has not read it yet.
  while (counters.to_client < answer.size())
    loop->turn();
  reset_at_once(target.others);
  ASSERT_EQ(send(client.others.get(), "x", 1, 0), 1);
  while (!over)
    loop->turn();
  relay.reset();
  EXPECT_EQ(counters.broken, 1U);
  EXPECT_EQ(read_to_end(client.others), answer.size());
}

// The write gets the error, and each read from then on looks like an end.
TEST_F(Relays, AResetThatAWriteMeetsIsNoEnd) {
  ::signal(SIGPIPE, SIG_IGN);
  for (const bool by_target : {true, false}) {
    client_ = connection();
    target_ = connection();
    over_ = false;
    start();
    send_until_full(client_.others);
    if (by_target) ASSERT_EQ(send(target_.others.get(), "part", 4, 0), 4);
    reset_at_once(by_target ? target_.others : client_.others);
    if (!by_target) ASSERT_EQ(send(target_.others.get(), "part", 4, 0), 4);
    std::array<char, 4096> bytes;
    while (!over_) {
      loop_->later([] {});
      loop_->turn();
      if (!by_target) recv(target_.others.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    }
    relay_.reset();
    parting_.reset();
    EXPECT_TRUE(ends_by_reset(by_target ? client_.others : target_.others));
  }
  EXPECT_EQ(counters_.broken, 2U);
}

// Of a stack, by a pair: to a client that stalls, and has the rest in one go.
TEST_F(Relays, OfAStackAResetBehindTheEndLeavesTheAnswerWhole) {
  ::signal(SIGPIPE, SIG_IGN);
  for (const bool ends : {true, false}) {
    client_ = connection();
    std::tie(target_.relays, target_.others) = stack::make_pair(SOCK_STREAM);
    over_ = false;
    auto marks = stack::make_end_marks();
    start(0, 0, {}, std::move(marks.first));
    const std::size_t size = send_until_full(target_.others);
    if (ends) stack::mark_end(marks.second.get());
    target_.others.reset();
    // That it says something to nobody does not take the rest of the answer from it.
    if (ends) ASSERT_EQ(send(client_.others.get(), "x", 1, 0), 1);
    std::array<char, 4096> bytes;
    std::size_t got = 0;
    while (!over_) {
      loop_->later([] {});
      loop_->turn();
      const ssize_t more = recv(client_.others.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (more > 0) got += static_cast<std::size_t>(more);
    }
    EXPECT_EQ(parting_.has_value(), ends);
    relay_.reset();
    parting_.reset();
    if (ends) EXPECT_EQ(got + read_to_end(client_.others), size);
    if (!ends) EXPECT_TRUE(ends_by_reset(client_.others));
  }
  EXPECT_EQ(counters_.broken, 2U);
}

}  // namespace
}  // namespace wring::proxy
