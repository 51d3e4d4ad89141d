// A connection that a side has taken over: its figures, and what becomes of the client at its end.
#include "proxy/handed_over.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "connection_for_tests.h"
#include "stack/control.h"

namespace wring::proxy {
namespace {

// Has these reports for one who asks.
class TellingSide final : public Side {
 public:
  [[nodiscard]] UniqueFd socket(IpVersion, int) override { return {}; }
  [[nodiscard]] std::optional<stack::Report> passed(int) override {
    if (reports.empty()) return std::nullopt;
    const stack::Report first = reports.front();
    reports.pop_front();
    return first;
  }
  std::deque<stack::Report> reports;
};

class HandedOverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto [ours, stacks] = stack::make_pair(SOCK_STREAM);
    stacks_ = std::move(stacks);
    Watched target(*loop_, std::move(ours));
    ASSERT_TRUE(target.watch([](std::uint32_t) {}));
    handed_over_ = std::make_unique<HandedOver>(
        *loop_, side_, counters_,
        HandedOver::Ends{Watched(*loop_, std::move(client_.relays)), std::move(target)},
        [this](std::optional<Watched> parting) {
          over_ = true;
          parting_ = std::move(parting);
        });
    handed_over_->start();
  }
  void tell(const stack::Report& report) {
    side_.reports.push_back(report);
    ASSERT_EQ(send(stacks_.get(), "x", 1, MSG_NOSIGNAL), 1);
    while (!side_.reports.empty())
      loop_->turn();
  }
  void hang_up() {
    stacks_.reset();
    while (!over_)
      loop_->turn();
    handed_over_.reset();
  }
  // 0: it has ended; negative: it was reset.
  ssize_t read_of_client() {
    char byte = 0;
    return recv(client_.others.get(), &byte, 1, 0);
  }

  std::unique_ptr<Loop> loop_ = *Loop::create();
  TellingSide side_;
  ListenerCounters counters_{};
  Connection client_ = connection();
  UniqueFd stacks_;
  std::unique_ptr<HandedOver> handed_over_;
  bool over_ = false;
  std::optional<Watched> parting_;
};

TEST_F(HandedOverTest, its_bytes_are_counted) {
  tell({10, 3});
  tell({1, 4});
  EXPECT_EQ(counters_.from_client, 11U);
  EXPECT_EQ(counters_.to_client, 7U);
  EXPECT_FALSE(over_);
}

TEST_F(HandedOverTest, one_that_has_ended_both_ways_is_closed) {
  tell({10, 3, true, true});
  hang_up();
  EXPECT_FALSE(parting_);
  EXPECT_EQ(counters_.broken, 0U);
  EXPECT_EQ(read_of_client(), 0);
}

TEST_F(HandedOverTest, a_client_is_reset_if_not_all_has_come) {
  tell({10, 3, true, false});
  hang_up();
  EXPECT_FALSE(parting_);
  EXPECT_EQ(counters_.broken, 1U);
  EXPECT_LT(read_of_client(), 0);
}

TEST_F(HandedOverTest, a_client_that_has_all_but_would_say_more_parts) {
  tell({10, 3, false, true});
  hang_up();
  EXPECT_TRUE(parting_);
  EXPECT_EQ(counters_.broken, 1U);
  parting_.reset();
  EXPECT_EQ(read_of_client(), 0);
}

TEST_F(HandedOverTest, a_stack_that_is_gone_resets_the_client) {
  hang_up();
  EXPECT_EQ(counters_.broken, 1U);
  EXPECT_LT(read_of_client(), 0);
}

}  // namespace
}  // namespace wring::proxy
