#include "base/clock.h"

#include <gtest/gtest.h>
#include <time.h>

namespace wring {
namespace {

using namespace std::chrono_literals;

TEST(SystemClock, counts_on_through_a_suspend) {
  const SystemClock clock;
  timespec boot{};
  ASSERT_EQ(clock_gettime(CLOCK_BOOTTIME, &boot), 0);
  const TimePoint before{std::chrono::seconds(boot.tv_sec) +
                         std::chrono::nanoseconds(boot.tv_nsec)};
  const TimePoint now = clock.now();
  EXPECT_GE(now, before);
  EXPECT_LT(now - before, 10s);
  EXPECT_LT(now, kNever);
}

TEST(SystemClock, wall_time_counts_from_1970) {
  const SystemClock clock;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(clock.wall_now().time_since_epoch());
  EXPECT_LE(std::abs(seconds.count() - time(nullptr)), 10);
}

}  // namespace
}  // namespace wring
