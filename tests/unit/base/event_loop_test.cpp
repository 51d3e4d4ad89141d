#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace wring {
namespace {

using std::chrono::milliseconds;

TimePoint now() {
  return SystemClock().now();
}

UniqueFd ready_fd() {
  return UniqueFd(eventfd(1, EFD_NONBLOCK));
}

TEST(EventLoop, a_ready_descriptor_is_told_to_its_callback) {
  EventLoop loop = EventLoop::create().value();
  const UniqueFd fd = ready_fd();
  std::uint32_t got = 0;
  ASSERT_TRUE(loop.add(fd.get(), EPOLLIN, [&](std::uint32_t events) { got = events; }));
  loop.run_once(kNever);
  EXPECT_EQ(got, EPOLLIN);
}

TEST(EventLoop, a_deadline_ends_the_wait_and_not_before) {
  EventLoop loop = EventLoop::create().value();
  const TimePoint deadline = now() + milliseconds(30);
  for (int i = 0; i < 10 && now() < deadline; ++i)
    loop.run_once(deadline);
  EXPECT_GE(now(), deadline);
  EXPECT_LT(now(), deadline + milliseconds(500));
}

TEST(EventLoop, a_deadline_in_the_past_does_not_wait_however_often_it_is_given) {
  EventLoop loop = EventLoop::create().value();
  const TimePoint start = now();
  for (int i = 0; i < 100; ++i)
    loop.run_once(start);
  loop.run_once(TimePoint{});
  loop.run_once(TimePoint::min());
  EXPECT_LT(now(), start + milliseconds(500));
}

TEST(EventLoop, a_later_deadline_replaces_an_earlier_one) {
  EventLoop loop = EventLoop::create().value();
  const UniqueFd fd = ready_fd();
  ASSERT_TRUE(loop.add(fd.get(), EPOLLIN, [](std::uint32_t) {}));
  const TimePoint start = now();
  loop.run_once(start + milliseconds(5));
  loop.remove(fd.get());
  loop.run_once(start + milliseconds(60));
  EXPECT_GE(now(), start + milliseconds(60));
}

TEST(EventLoop, a_callback_may_remove_itself_and_what_it_captured) {
  EventLoop loop = EventLoop::create().value();
  const UniqueFd fd = ready_fd();
  const auto captured = std::make_shared<int>(7);
  int calls = 0;
  ASSERT_TRUE(loop.add(fd.get(), EPOLLIN, [&, captured](std::uint32_t) {
    loop.remove(fd.get());
    calls += *captured;
  }));
  loop.run_once(now());
  loop.run_once(now());
  EXPECT_EQ(calls, 7);
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(EventLoop, a_callback_may_hand_over_to_another_while_it_runs) {
  EventLoop loop = EventLoop::create().value();
  const UniqueFd fd = ready_fd();
  const auto captured = std::make_shared<int>(7);
  int before = 0;
  int after = 0;
  ASSERT_TRUE(loop.add(fd.get(), EPOLLIN, [&, captured](std::uint32_t) {
    loop.hand_over(fd.get(), [&](std::uint32_t) { ++after; });
    before += *captured;
  }));
  loop.run_once(now());
  EXPECT_EQ(captured.use_count(), 1);
  loop.run_once(now());
  EXPECT_EQ(before, 7);
  EXPECT_EQ(after, 1);
}

TEST(EventLoop, a_watch_ends_with_its_descriptor_even_if_the_number_is_reused) {
  EventLoop loop = EventLoop::create().value();
  UniqueFd fd = ready_fd();
  const int number = fd.get();
  ASSERT_TRUE(loop.add(number, EPOLLIN, [](std::uint32_t) { FAIL() << "it was closed"; }));
  loop.close(std::move(fd));
  loop.run_once(now());
  const UniqueFd next = ready_fd();
  ASSERT_EQ(next.get(), number);
  int calls = 0;
  ASSERT_TRUE(loop.add(number, EPOLLIN, [&](std::uint32_t) { ++calls; }));
  loop.run_once(now());
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, a_watch_removed_in_the_same_round_is_not_called_even_if_its_number_is_reused) {
  EventLoop loop = EventLoop::create().value();
  UniqueFd a = ready_fd();
  UniqueFd b = ready_fd();
  int calls = 0;
  int calls_of_new = 0;
  // Whichever comes first closes the other, and puts a new descriptor, not ready, in its place.
  const auto replace = [&](UniqueFd& other) {
    ++calls;
    const int number = other.get();
    loop.remove(number);
    other.reset();
    other.reset(eventfd(0, EFD_NONBLOCK));
    ASSERT_EQ(other.get(), number);
    ASSERT_TRUE(loop.add(number, EPOLLIN, [&](std::uint32_t) { ++calls_of_new; }));
  };
  ASSERT_TRUE(loop.add(a.get(), EPOLLIN, [&](std::uint32_t) { replace(b); }));
  ASSERT_TRUE(loop.add(b.get(), EPOLLIN, [&](std::uint32_t) { replace(a); }));
  loop.run_once(kNever);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(calls_of_new, 0);
}

TEST(EventLoop, what_is_waited_for_can_be_changed) {
  EventLoop loop = EventLoop::create().value();
  const UniqueFd fd(eventfd(0, EFD_NONBLOCK));
  int calls = 0;
  ASSERT_TRUE(loop.add(fd.get(), EPOLLIN, [&](std::uint32_t) { ++calls; }));
  loop.run_once(now());
  EXPECT_EQ(calls, 0);
  loop.modify(fd.get(), EPOLLOUT);
  loop.run_once(kNever);
  EXPECT_EQ(calls, 1);
}

TEST(EventLoop, a_descriptor_that_cannot_be_watched_is_an_error) {
  EventLoop loop = EventLoop::create().value();
  const auto added = loop.add(-1, EPOLLIN, [](std::uint32_t) {});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, EBADF);
}

}  // namespace
}  // namespace wring
