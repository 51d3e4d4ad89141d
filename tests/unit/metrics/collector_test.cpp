#include "metrics/collector.h"

#include <gtest/gtest.h>
#include <poll.h>

namespace wring::metrics {
namespace {

using namespace std::chrono_literals;

class MetricsCollector : public testing::Test {
 protected:
  MetricsCollector() { options_.interfaces = {"no-such-one"}; }

  std::shared_ptr<const Snapshot> await(Collector& collector, TimePoint since) {
    while (true) {
      if (auto found = collector.ask(Collector::Kind::kBrief, since)) return found;
      pollfd changed{wakeup_.fd(), POLLIN, 0};
      EXPECT_EQ(poll(&changed, 1, 10'000), 1);
      wakeup_.clear();
    }
  }

  Options options_;
  Wakeup wakeup_ = Wakeup::create().value();
  SystemClock clock_;
};

TEST_F(MetricsCollector, who_asks_within_a_second_gets_the_same) {
  Collector collector(options_, wakeup_, [] { return Result<void>(); });
  ASSERT_TRUE(collector.started());
  const TimePoint since = clock_.now();
  const auto first = await(collector, since);
  ASSERT_EQ(first->interfaces.size(), 1U);
  EXPECT_FALSE(first->interfaces[0].answers);
  // However late it is: this look began after the question.
  EXPECT_EQ(collector.ask(Collector::Kind::kBrief, since), first);
}

TEST_F(MetricsCollector, a_preparation_that_fails_is_told_and_nothing_is_asked) {
  Collector collector(options_, wakeup_, [] { return Result<void>(failure("no")); });
  const auto started = collector.started();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "no");
}

}  // namespace
}  // namespace wring::metrics
