// Which listener is which after a change.
#include "proxy/listener_places.h"

#include <gtest/gtest.h>

#include <memory>

namespace wring::proxy {
namespace {

using ListenerKind = Listener::Kind;

Listener outside(ListenerKind kind, const char* where) {
  Listener made;
  made.kind = kind;
  made.bind.text = where;
  return made;
}

Listener inside(ListenerKind kind, std::uint16_t port) {
  Listener made;
  made.kind = kind;
  made.listen_port = port;
  return made;
}

TEST(ListenerPlaces, AnAddressIsThePlaceWhateverIsSpokenThere) {
  const Listener socks = outside(ListenerKind::kSocks5, "127.0.0.1:1");
  EXPECT_TRUE(wait_at_same_place(socks, outside(ListenerKind::kHttp, "127.0.0.1:1")));
  EXPECT_FALSE(wait_at_same_place(socks, outside(ListenerKind::kSocks5, "127.0.0.1:2")));
  EXPECT_FALSE(wait_at_same_place(socks, outside(ListenerKind::kUdpClient, "127.0.0.1:1")));
  EXPECT_FALSE(
      wait_at_same_place(outside(ListenerKind::kStdio, ""), inside(ListenerKind::kTcpServer, 1)));
  EXPECT_TRUE(
      wait_at_same_place(inside(ListenerKind::kTcpServer, 1), inside(ListenerKind::kTcpServer, 1)));
  EXPECT_FALSE(
      wait_at_same_place(inside(ListenerKind::kTcpServer, 1), inside(ListenerKind::kUdpServer, 1)));
}

TEST(ListenerPlaces, ANewOneCountsWhereNobodyDoes) {
  const auto shared = std::make_unique<Shared>();
  std::vector<Listener> before{outside(ListenerKind::kSocks5, "a:1"),
                               outside(ListenerKind::kHttp, "b:1")};
  before[1].place = 1;
  shared->listeners[1].opened = 7;
  shared->listeners[2].open = 1;  // of one that was removed
  shared->listeners[3].opened = 9;
  std::vector<Listener> after{outside(ListenerKind::kSni, "c:1"),
                              outside(ListenerKind::kSocks5, "b:1")};
  ASSERT_TRUE(assign_places(after, before, *shared));
  EXPECT_EQ(after[0].place, 3U);
  EXPECT_EQ(shared->listeners[3].opened, 0U);
  EXPECT_EQ(after[1].place, 1U);
  EXPECT_EQ(shared->listeners[1].opened, 7U);
}

TEST(ListenerPlaces, ThereAreNoMoreThanCounters) {
  const auto shared = std::make_unique<Shared>();
  std::vector<Listener> many;
  for (std::uint16_t port = 1; port <= 257; ++port)
    many.push_back(inside(ListenerKind::kTcpServer, port));
  EXPECT_FALSE(assign_places(many, {}, *shared));
  many.pop_back();
  EXPECT_TRUE(assign_places(many, {}, *shared));
}

}  // namespace
}  // namespace wring::proxy
