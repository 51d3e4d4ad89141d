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
    // Nothing that comes later of its own accord: no addresses that the kernel makes, and a link
    // that is ready.
    ASSERT_TRUE(run("sysctl -qw net.ipv6.conf.default.addr_gen_mode=1"));
    ASSERT_TRUE(run("ip link add up1 type veth peer end1"));
    ASSERT_TRUE(run("ip link set end1 up && ip link set up1 up"));
    ASSERT_TRUE(run(
        "timeout 10 sh -c 'until ip link show up1 | grep -q \"state UP\"; do sleep 0.01; done'"));
    ASSERT_TRUE(run("ip addr add 10.7.1.1/24 dev up1"));
    auto notices = RouteNotices::open();
    ASSERT_TRUE(notices) << notices.error().message;
    notices_.emplace(std::move(*notices));
  }

  bool readable(int wait_ms) {
    pollfd ready{notices_->fd(), POLLIN, 0};
    return ::poll(&ready, 1, wait_ms) == 1;
  }
  // Waits for a notice; the kernel makes IPv6 addresses after the command has returned.
  bool heard() { return readable(5000) && notices_->take(); }

  std::optional<RouteNotices> notices_;
};

TEST_F(RouteNoticesTest, each_kind_of_change_is_heard) {
  for (const std::string change :
       {"ip route add 192.0.2.0/24 via 10.7.1.2", "ip route del 192.0.2.0/24",
        "ip -6 route add 2001:db8::/64 dev up1", "ip rule add fwmark 7 table 100",
        "ip rule del fwmark 7 table 100", "ip -6 rule add fwmark 7 table 100",
        "ip nexthop add id 5 dev up1", "ip addr add 10.7.1.9/24 dev up1",
        "ip addr del 10.7.1.9/24 dev up1", "ip addr add fd07:1::1/64 dev up1 nodad",
        "ip link set up1 down"}) {
    static_cast<void>(notices_->take());
    ASSERT_TRUE(run(change)) << change;
    EXPECT_TRUE(heard()) << change;
  }
}

TEST_F(RouteNoticesTest, taking_the_notices_leaves_none) {
  ASSERT_TRUE(run("ip rule add fwmark 7 table 100"));
  EXPECT_TRUE(heard());
  EXPECT_FALSE(readable(0));
  EXPECT_FALSE(notices_->take());
}

TEST_F(RouteNoticesTest, more_notices_than_fit_are_heard_as_a_change) {
  ASSERT_TRUE(run("seq 1 2000 | sed 's|.*|route add 192.0.2.0/24 dev up1 metric &|' | ip -b -"));
  EXPECT_TRUE(heard());
  EXPECT_FALSE(readable(0));  // an overrun does not keep it ready
  ASSERT_TRUE(run("ip route add 198.51.100.0/24 dev up1"));
  EXPECT_TRUE(heard());
}

}  // namespace
}  // namespace wring
