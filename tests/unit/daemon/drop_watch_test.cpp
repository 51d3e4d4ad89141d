#include "daemon/drop_watch.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace wring {
namespace {

using namespace std::chrono_literals;
using Reports = std::vector<std::pair<DropReason, std::uint64_t>>;

class DropWatchTest : public testing::Test {
 protected:
  // A second later, with so many more drops of a reason.
  Reports look(DropReason reason, std::uint64_t more) {
    counts_[static_cast<std::size_t>(reason)] += more;
    now_ = watch_.due();
    Reports reports;
    watch_.look(counts_, now_,
                [&](DropReason why, std::uint64_t count) { reports.emplace_back(why, count); });
    return reports;
  }

  DropWatch watch_;
  DropCounts counts_{};
  TimePoint now_{};
};

TEST_F(DropWatchTest, what_was_dropped_before_is_no_news) {
  counts_.fill(5);
  EXPECT_FALSE(watch_.is_running());
  watch_.start(counts_, now_);
  EXPECT_EQ(watch_.due(), now_ + 1s);
  EXPECT_EQ(look(DropReason::kNoPeer, 0), Reports());
}

TEST_F(DropWatchTest, drops_are_told_when_they_begin_and_not_while_they_go_on) {
  watch_.start(counts_, now_);
  EXPECT_EQ(look(DropReason::kNoPeer, 3), (Reports{{DropReason::kNoPeer, 3}}));
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(look(DropReason::kNoPeer, 7), Reports());
  EXPECT_EQ(look(DropReason::kReplayed, 1), (Reports{{DropReason::kReplayed, 1}}));
}

TEST_F(DropWatchTest, they_begin_anew_after_ten_quiet_seconds) {
  watch_.start(counts_, now_);
  look(DropReason::kNoPeer, 1);
  for (int i = 0; i < 8; ++i)
    look(DropReason::kNoPeer, 0);
  EXPECT_EQ(look(DropReason::kNoPeer, 1), Reports());  // nine seconds later
  for (int i = 0; i < 9; ++i)
    look(DropReason::kNoPeer, 0);
  EXPECT_EQ(look(DropReason::kNoPeer, 2), (Reports{{DropReason::kNoPeer, 2}}));
}

TEST_F(DropWatchTest, one_that_is_stopped_has_nothing_to_do) {
  watch_.start(counts_, now_);
  watch_.stop();
  EXPECT_EQ(watch_.due(), kNever);
}

}  // namespace
}  // namespace wring
