#include "client/event_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

namespace wring::client {
namespace {

class EventStreamTest : public testing::Test {
 protected:
  EventStreamTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    engine_.reset(ends[0]);
    stream_.emplace(UniqueFd(ends[1]), "wg0");
  }
  void say(const std::string& text) {
    ASSERT_EQ(send(engine_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  int error_of(const std::string& text) {
    say(text);
    const auto taken = stream_->take();
    return taken ? 0 : taken.error().code;
  }

  UniqueFd engine_;
  std::optional<EventStream> stream_;
};

TEST_F(EventStreamTest, events_are_whole_wherever_the_stream_is_cut) {
  std::string text =
      "errno=0\n\nevent=roaming\ntime_sec=5\ntime_nsec=7\npublic_key=" + std::string(64, 'a') +
      "\nendpoint=192.0.2.1:9\nnew=x\n\nevent=drops\ntime_sec=6\ntime_nsec=0\nreason=no_peer\n"
      "count=3\n\n";
  std::vector<Event> events;
  for (const char c : text) {
    say(std::string(1, c));
    auto taken = stream_->take();
    ASSERT_TRUE(taken);
    for (Event& event : *taken)
      events.push_back(std::move(event));
  }
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].name, "listening");
  EXPECT_EQ(events[0].interface, "wg0");
  events.erase(events.begin());
  EXPECT_EQ(events[0].interface, "wg0");
  EXPECT_EQ(events[0].name, "roaming");
  EXPECT_EQ(events[0].at.time_since_epoch().count(), 5'000'000'007);
  EXPECT_EQ(events[0].peer->bytes[0], 0xaa);
  EXPECT_EQ(events[0].endpoint, "192.0.2.1:9");
  EXPECT_EQ(events[1].reason, "no_peer");
  EXPECT_EQ(events[1].count, 3U);
  EXPECT_FALSE(events[1].peer);
}

TEST_F(EventStreamTest, an_engine_that_refuses_says_why) {
  EXPECT_EQ(error_of("errno=-71\n\n"), EOPNOTSUPP);
}

TEST_F(EventStreamTest, an_engine_that_has_too_many_listeners_says_so) {
  EXPECT_EQ(error_of("errno=-16\n\n"), EBUSY);
}

TEST_F(EventStreamTest, an_engine_that_hangs_up_at_once_reports_no_events) {
  engine_.reset();
  EXPECT_EQ(stream_->take().error().code, EOPNOTSUPP);
}

TEST_F(EventStreamTest, an_engine_that_ends_has_ended) {
  say("errno=0\n\n");
  ASSERT_TRUE(stream_->take());
  engine_.reset();
  EXPECT_EQ(stream_->take().error().code, EPIPE);
}

TEST_F(EventStreamTest, a_bad_line_is_an_error) {
  EXPECT_EQ(error_of("errno=0\n\nevent=lost\ntime_sec=x\n\n"), EPROTO);
}

}  // namespace
}  // namespace wring::client
