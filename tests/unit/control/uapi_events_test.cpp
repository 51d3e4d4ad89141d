#include "control/uapi_events.h"

#include <gmock/gmock.h>

#include "ip/endpoint_parse.h"
#include "tests/unit/control/uapi_rig.h"

namespace wring::test {
namespace {

using testing::HasSubstr;

const WallTime kNow{std::chrono::nanoseconds(1'700'000'000'000'000'005)};

TEST(UapiEvent, is_exactly_this) {
  TextBuffer out(kMaxUapiEventSize);
  const PublicKey key = public_key(0xaa);
  append_event(out, {.name = "roaming",
                     .at = kNow,
                     .peer = &key,
                     .endpoint = parse_endpoint("[2001:db8::1]:9").value(),
                     .reason = std::nullopt});
  append_event(out, {.name = "drops", .at = kNow, .reason = DropReason::kNoPeer, .count = 3});
  EXPECT_EQ(out.pending(),
            "event=roaming\ntime_sec=1700000000\ntime_nsec=5\npublic_key=" + hex_key("aa") +
                "\nendpoint=[2001:db8::1]:9\n\nevent=drops\ntime_sec=1700000000\ntime_nsec=5\n"
                "reason=no_peer\ncount=3\n\n");
}

class UapiEvents : public UapiServerTest {
 protected:
  // Has a client listen, and be told so.
  void listen(UapiClient& client) {
    client.send("events=1\n\n");
    run_until(client, 1);
  }
  void report(std::string_view name) {
    server->report({.name = name, .at = kNow, .reason = std::nullopt});
  }
};

TEST_F(UapiEvents, those_who_asked_are_told_and_no_others) {
  UapiClient listener(path);
  UapiClient other(path);
  other.send("get=1\n\n");
  run_until(other, 1);
  EXPECT_FALSE(server->has_listeners());
  listen(listener);
  EXPECT_EQ(listener.text(), "errno=0\n\n");
  EXPECT_TRUE(server->has_listeners());
  report("lost");
  report("back");
  run_until(listener, 3);
  run(3);
  other.receive();
  EXPECT_EQ(listener.text(),
            "errno=0\n\nevent=lost\ntime_sec=1700000000\ntime_nsec=5\n\n"
            "event=back\ntime_sec=1700000000\ntime_nsec=5\n\n");
  EXPECT_EQ(other.replies(), 1);
}

TEST_F(UapiEvents, a_slow_reader_misses_some_is_told_how_many_and_goes_on) {
  UapiClient listener(path);
  listen(listener);
  constexpr int kEvents = 20'000;  // a megabyte: more than buffers hold
  for (int i = 0; i < kEvents; ++i) {
    report("lost");
    if (i % 100 == 0) run(1);
  }
  for (int i = 0; i < 1000; ++i) {
    run(1);
    listener.receive();
  }
  const std::string& text = listener.text();
  const std::size_t missed = text.find("event=missed\n");
  ASSERT_NE(missed, text.npos);
  EXPECT_EQ(text.find("event=missed\n", missed + 1), text.npos);
  const int count = std::stoi(text.substr(text.find("count=", missed) + 6));
  // The first is the answer, one says what was missed.
  EXPECT_EQ(listener.replies() - 2 + count, kEvents);
  report("back");
  run_until(listener, listener.replies() + 1);
  EXPECT_THAT(listener.text(), HasSubstr("event=back"));
}

TEST_F(UapiEvents, a_listener_that_says_more_or_hangs_up_is_dropped) {
  for (const bool says_more : {true, false}) {
    UapiClient listener(path);
    listen(listener);
    says_more ? listener.send("get=1\n\n") : listener.stop_sending();
    for (int i = 0; i < 1000 && !listener.closed(); ++i) {
      run(1);
      listener.receive();
    }
    EXPECT_TRUE(listener.closed());
    EXPECT_FALSE(server->has_listeners());
  }
}

TEST_F(UapiEvents, listeners_keep_their_places_and_there_are_only_some) {
  limit({.clients = 3, .listeners = 1, .idle_after = milliseconds(0)});
  UapiClient listener(path);
  listen(listener);
  UapiClient second(path);
  listen(second);
  EXPECT_EQ(second.text(), "errno=-16\n\n");  // EBUSY
  for (int i = 0; i < 5; ++i)
    EXPECT_THAT(ask("get=1\n\n"), HasSubstr("errno=0"));
  report("lost");
  run_until(listener, 2);
  EXPECT_FALSE(listener.closed());
}

TEST_F(UapiEvents, a_request_with_more_lines_is_refused) {
  EXPECT_EQ(ask("events=1\nfwmark=5\n\n"), "errno=-22\n\n");
  EXPECT_EQ(ask("events=2\n\n"), "errno=-71\n\n");
}

}  // namespace
}  // namespace wring::test
