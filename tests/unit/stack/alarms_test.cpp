// Sleepers whose deadlines move.
#include "stack/alarms.h"

#include <gtest/gtest.h>

#include <chrono>

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

struct Sleeper final : Alarms::Sleeper {
  [[nodiscard]] TimePoint deadline() const override { return at; }
  void wake(TimePoint) override {
    ++woken;
    at = kNever;
  }
  TimePoint at = kNever;
  int woken = 0;
};

void set(Alarms& alarms, Sleeper& sleeper, std::chrono::milliseconds at) {
  sleeper.at = TimePoint(at);
  alarms.touch(sleeper);
  alarms.set();
}

TEST(Alarms, wake_at_the_deadline) {
  Alarms alarms;
  Sleeper sleeper;
  set(alarms, sleeper, 5ms);
  EXPECT_EQ(alarms.next(), TimePoint(5ms));
  alarms.ring(TimePoint(4ms));
  EXPECT_EQ(sleeper.woken, 0);
  alarms.ring(TimePoint(5ms));
  EXPECT_EQ(sleeper.woken, 1);
  alarms.set();
  EXPECT_EQ(alarms.next(), kNever);
}

TEST(Alarms, that_ring_too_early_are_set_anew) {
  Alarms alarms;
  Sleeper sleeper;
  set(alarms, sleeper, 5ms);
  set(alarms, sleeper, 9ms);
  EXPECT_EQ(alarms.next(), TimePoint(5ms));
  alarms.ring(TimePoint(5ms));
  alarms.set();
  EXPECT_EQ(sleeper.woken, 0);
  EXPECT_EQ(alarms.next(), TimePoint(9ms));
}

TEST(Alarms, move_to_an_earlier_time) {
  Alarms alarms;
  Sleeper sleeper;
  set(alarms, sleeper, 9ms);
  set(alarms, sleeper, 5ms);
  EXPECT_EQ(alarms.next(), TimePoint(5ms));
  alarms.ring(TimePoint(20ms));
  EXPECT_EQ(sleeper.woken, 1);
  EXPECT_EQ(alarms.next(), kNever);
}

TEST(Alarms, forget_who_is_gone) {
  Alarms alarms;
  {
    Sleeper sleeper;
    set(alarms, sleeper, 5ms);
    alarms.touch(sleeper);
    alarms.forget(sleeper);
  }
  alarms.set();
  alarms.ring(TimePoint(9ms));
  EXPECT_EQ(alarms.next(), kNever);
}

}  // namespace
}  // namespace wring::stack
