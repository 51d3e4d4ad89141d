#include "netlink/route_notices.h"

#include <poll.h>

#include <string>

#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::run;

class RouteNoticesTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(
        run("ip link add up1 type veth peer end1 && ip link set end1 up && ip link set up1 up"));
    ASSERT_TRUE(run("ip addr add 10.7.1.1/24 dev up1"));
    auto notices = RouteNotices::open();
    ASSERT_TRUE(notices) << notices.error().message;
    notices_.emplace(std::move(*notices));
  }

  // The descriptor and take() say the same.
  bool heard() {
    pollfd ready{notices_->fd(), POLLIN, 0};
    const bool readable = ::poll(&ready, 1, 0) == 1;
    EXPECT_EQ(notices_->take(), readable);
    return readable;
  }

  std::optional<RouteNotices> notices_;
};

TEST_F(RouteNoticesTest, each_kind_of_change_is_heard_once) {
  EXPECT_FALSE(heard());
  for (const std::string change :
       {"ip route add 192.0.2.0/24 via 10.7.1.2", "ip route del 192.0.2.0/24",
        "ip -6 route add 2001:db8::/64 dev up1", "ip rule add fwmark 7 table 100",
        "ip rule del fwmark 7 table 100", "ip -6 rule add fwmark 7 table 100",
        "ip addr add 10.7.1.9/24 dev up1", "ip addr del 10.7.1.9/24 dev up1",
        "ip addr add fd07:1::1/64 dev up1 nodad", "ip link set up1 down",
        "ip nexthop add id 5 dev lo"}) {
    ASSERT_TRUE(run(change)) << change;
    EXPECT_TRUE(heard()) << change;
    EXPECT_FALSE(heard()) << change;
  }
}

TEST_F(RouteNoticesTest, more_notices_than_fit_are_heard_as_a_change) {
  ASSERT_TRUE(run("seq 1 2000 | sed 's|.*|route add 192.0.2.0/24 dev up1 metric &|' | ip -b -"));
  EXPECT_TRUE(heard());
  EXPECT_FALSE(heard());
  ASSERT_TRUE(run("ip route add 198.51.100.0/24 dev up1"));
  EXPECT_TRUE(heard());
}

}  // namespace
}  // namespace wring
