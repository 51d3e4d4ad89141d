// Reports are sums: none is due before something has passed, and nothing is lost or told twice.
#include "stack/relay_line.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>

namespace wring::stack {
namespace {

class Line : public ::testing::Test {
 protected:
  void SetUp() override {
    auto [ours, relays] = make_pair(SOCK_STREAM);
    line_.open(std::move(ours));
    relays_ = std::move(relays);
  }
  std::optional<Report> next() {
    Bytes<kReportSize> bytes{};
    const ssize_t got = recv(relays_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return decode_report(ByteSpan(bytes).first(static_cast<std::size_t>(got < 0 ? 0 : got)));
  }

  TimePoint now_{std::chrono::hours(1)};
  RelayLine line_;
  UniqueFd relays_;
};

TEST_F(Line, nothing_is_due_before_something_passes) {
  EXPECT_EQ(line_.deadline(), kNever);
  line_.look_after(now_);
  EXPECT_FALSE(next());
}

TEST_F(Line, what_passes_in_a_second_is_one_report) {
  line_.note({100, 0}, now_);
  const TimePoint due = line_.deadline();
  EXPECT_EQ(due, now_ + RelayLine::kPeriod);
  line_.note({20, 3}, now_ + std::chrono::milliseconds(10));
  EXPECT_EQ(line_.deadline(), due);
  line_.look_after(due - Duration(1));
  EXPECT_FALSE(next());
  line_.look_after(due);
  EXPECT_EQ(next(), (Report{120, 3, false, false}));
  EXPECT_FALSE(next());
  EXPECT_EQ(line_.deadline(), kNever);
}

TEST_F(Line, an_end_is_told_from_then_on) {
  line_.note({0, 0, true, false}, now_);
  line_.look_after(line_.deadline());
  EXPECT_EQ(next(), (Report{0, 0, true, false}));
  line_.note({0, 9}, now_);
  line_.look_after(line_.deadline());
  EXPECT_EQ(next(), (Report{0, 9, true, false}));
}

TEST_F(Line, the_last_words_are_all_that_was_not_told) {
  line_.note({7, 8, true, true}, now_);
  const UniqueFd end = line_.close();
  EXPECT_TRUE(end);
  EXPECT_FALSE(line_.is_open());
  EXPECT_EQ(line_.deadline(), kNever);
  EXPECT_EQ(next(), (Report{7, 8, true, true}));
}

TEST_F(Line, what_finds_no_room_is_told_later) {
  std::uint64_t told = 0;
  std::uint64_t noted = 0;
  for (int i = 0; i < 100'000; ++i) {
    line_.note({1, 0}, now_);
    ++noted;
    line_.look_after(line_.deadline());
  }
  while (const auto report = next())
    told += report->from_client;
  EXPECT_LT(told, noted);
  line_.note({1, 0}, now_);
  line_.look_after(line_.deadline());
  const auto rest = next();
  ASSERT_TRUE(rest);
  EXPECT_EQ(told + rest->from_client, noted + 1);
}

}  // namespace
}  // namespace wring::stack
