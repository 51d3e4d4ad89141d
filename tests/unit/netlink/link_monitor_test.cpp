#include "netlink/link_monitor.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/support/private_namespace.h"
#include "tun/tun_device.h"

namespace wring {
namespace {

using test::run;

class LinkMonitorTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto device = TunDevice::create("pump0", 1);
    ASSERT_TRUE(device) << device.error().message;
    device_.emplace(std::move(*device));
    auto monitor = LinkMonitor::open(device_->queues()[0].get());
    ASSERT_TRUE(monitor) << monitor.error().message;
    monitor_.emplace(std::move(*monitor));
  }

  bool readable() {
    pollfd ready{monitor_->fd(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }
  // The change that the descriptor announces; a state that "exists" with MTU 1 if it announces
  // none.
  LinkState changed() {
    if (!readable()) return {true, false, 1};
    auto state = monitor_->poll();
    EXPECT_TRUE(state) << state.error().message;
    return state && *state ? **state : LinkState{true, false, 1};
  }

  std::optional<TunDevice> device_;
  std::optional<LinkMonitor> monitor_;
};

TEST_F(LinkMonitorTest, the_state_is_known_at_once) {
  EXPECT_EQ(monitor_->state(), (LinkState{true, false, 1500}));
  EXPECT_FALSE(readable());
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
}

TEST_F(LinkMonitorTest, up_down_and_mtu_are_heard) {
  ASSERT_TRUE(run("ip link set pump0 up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1500}));
  ASSERT_TRUE(run("ip link set pump0 mtu 1280"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1280}));
  ASSERT_TRUE(run("ip link set pump0 down"));
  EXPECT_EQ(changed(), (LinkState{true, false, 1280}));
}

TEST_F(LinkMonitorTest, other_interfaces_are_none_of_its_business) {
  ASSERT_TRUE(run("ip link set lo mtu 1300"));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_EQ(monitor_->state(), (LinkState{true, false, 1500}));
}

TEST_F(LinkMonitorTest, a_new_name_changes_nothing) {
  ASSERT_TRUE(run("ip link set pump0 name other"));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  ASSERT_TRUE(run("ip link set other up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1500}));
}

TEST_F(LinkMonitorTest, deletion_is_heard) {
  ASSERT_TRUE(run("ip link del pump0"));
  EXPECT_EQ(changed(), (LinkState{false, false, 0}));
  EXPECT_FALSE(readable());
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
}

TEST_F(LinkMonitorTest, an_interface_that_moves_to_another_namespace_is_heard_there) {
  const int fd = monitor_->fd();
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  ASSERT_TRUE(run("ip link set pump0 up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1500}));
  EXPECT_EQ(monitor_->own_ifindex(), if_nametoindex("pump0"));
  EXPECT_TRUE(run("ip link set pump0 netns " + other.name()));
  EXPECT_EQ(changed(), (LinkState{true, false, 1500}));  // a move sets it down
  EXPECT_EQ(monitor_->own_ifindex(), 0U);
  EXPECT_EQ(monitor_->fd(), fd);
  EXPECT_TRUE(run("ip -n " + other.name() + " link set pump0 up mtu 1300"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1300}));
  EXPECT_TRUE(run("ip -n " + other.name() + " link set pump0 down"));
  EXPECT_EQ(changed(), (LinkState{true, false, 1300}));
  EXPECT_TRUE(run("ip -n " + other.name() + " link del pump0"));
  EXPECT_EQ(changed(), (LinkState{false, false, 0}));
}

TEST_F(LinkMonitorTest, it_follows_from_one_namespace_to_the_next_and_back_home) {
  const test::NamedNamespace second;
  const test::NamedNamespace third("-third");
  ASSERT_TRUE(second.made());
  ASSERT_TRUE(third.made());
  EXPECT_TRUE(run("ip link set pump0 netns " + second.name()));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_TRUE(run("ip -n " + second.name() + " link set pump0 netns " + third.name()));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_TRUE(run("ip -n " + third.name() + " link set pump0 up mtu 1300"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1300}));
  EXPECT_TRUE(run("ip -n " + third.name() + " link set pump0 netns " + std::to_string(getpid())));
  EXPECT_EQ(changed(), (LinkState{true, false, 1300}));
  EXPECT_TRUE(run("ip link set pump0 up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1300}));
}

TEST_F(LinkMonitorTest, an_interface_of_the_same_index_elsewhere_is_none_of_its_business) {
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  const std::string index = std::to_string(if_nametoindex("pump0"));
  // Ours has a number for the other namespace, so that its messages are heard, too.
  ASSERT_TRUE(run("ip netns set " + other.name() + " 7"));
  ASSERT_TRUE(run("ip -n " + other.name() + " link add name dummy0 index " + index +
                  " type veth peer name dummy1 index 999"));
  ASSERT_TRUE(run("ip -n " + other.name() + " link set dummy0 up mtu 1200"));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_EQ(monitor_->state(), (LinkState{true, false, 1500}));
}

TEST_F(LinkMonitorTest, lost_messages_are_made_up_for) {
  // Each change of the MTU tells the same socket; far more of them than it has room for.
  ASSERT_TRUE(
      run("for i in $(seq 300); do echo link set pump0 mtu 1300; echo link set pump0 mtu 1301; "
          "done | ip -batch -"));
  ASSERT_TRUE(run("ip link set pump0 up mtu 1302"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1302}));
}

TEST_F(LinkMonitorTest, a_monitor_leaves_the_thread_in_its_namespace) {
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  EXPECT_TRUE(run("ip link set pump0 netns " + other.name()));
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_FALSE(run("ip link show pump0"));
}

TEST_F(LinkMonitorTest, what_another_process_sends_is_not_believed) {
  const UniqueFd other(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl to{};
  socklen_t size = sizeof to;
  ASSERT_EQ(getsockname(monitor_->fd(), reinterpret_cast<sockaddr*>(&to), &size), 0);
  struct {
    nlmsghdr header{};
    ifinfomsg link{};
  } notice;
  notice.header.nlmsg_len = sizeof notice;
  notice.header.nlmsg_type = RTM_NEWLINK;
  notice.link.ifi_index = static_cast<int>(if_nametoindex("pump0"));
  notice.link.ifi_flags = IFF_UP;
  ASSERT_EQ(
      sendto(other.get(), &notice, sizeof notice, 0, reinterpret_cast<const sockaddr*>(&to), size),
      static_cast<ssize_t>(sizeof notice));
  EXPECT_TRUE(readable());
  EXPECT_EQ(monitor_->poll().value(), std::nullopt);
  EXPECT_EQ(monitor_->state(), (LinkState{true, false, 1500}));
}

// By a socket that was handed in, for a process that may not enter the namespace.
class LinkMonitorThereTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("ip link add veth7 type veth peer name far7"));
    UniqueFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    // We move on; the socket and the interface stay.
    elsewhere_.emplace();
    ASSERT_TRUE(elsewhere_->entered());
    auto monitor = LinkMonitor::open_there(std::move(netlink), "veth7");
    ASSERT_TRUE(monitor) << monitor.error().message;
    monitor_.emplace(std::move(*monitor));
  }
  void TearDown() override { elsewhere_.reset(); }
  void back() { elsewhere_.reset(); }
  std::optional<LinkState> changed() {
    auto state = monitor_->poll();
    EXPECT_TRUE(state) << state.error().message;
    return state.value_or(std::nullopt);
  }

  std::optional<test::PrivateNamespace> elsewhere_;
  std::optional<LinkMonitor> monitor_;
};

TEST_F(LinkMonitorThereTest, changes_are_heard_and_the_number_is_not_ours) {
  EXPECT_EQ(monitor_->state(), (LinkState{true, false, 1500}));
  EXPECT_EQ(monitor_->own_ifindex(), 0u);
  back();
  ASSERT_TRUE(run("ip link set veth7 mtu 1400 up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1400}));
  EXPECT_EQ(changed(), std::nullopt);
}

// The socket that is handed in may be full of notices already.
TEST_F(LinkMonitorThereTest, lost_messages_are_no_deletion) {
  back();
  UniqueFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  ASSERT_EQ(bind(netlink.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_TRUE(
      run("for i in $(seq 300); do echo link set veth7 mtu 1300; echo link set veth7 mtu 1301; "
          "done | ip -batch -"));
  const auto monitor = LinkMonitor::open_there(std::move(netlink), "veth7");
  ASSERT_TRUE(monitor) << monitor.error().message;
  EXPECT_EQ(monitor->state(), (LinkState{true, false, 1301}));
}

TEST_F(LinkMonitorThereTest, one_that_leaves_the_namespace_counts_as_deleted) {
  back();
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  ASSERT_TRUE(run("ip link set veth7 netns " + other.name()));
  const auto state = changed();
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->exists);
}

TEST_F(LinkMonitorThereTest, one_that_is_renamed_is_still_the_same) {
  back();
  ASSERT_TRUE(run("ip link set veth7 name veth8"));
  ASSERT_TRUE(run("ip link set veth8 up"));
  EXPECT_EQ(changed(), (LinkState{true, true, 1500}));
}

TEST_F(LinkMonitorThereTest, without_a_socket_it_looks_in_our_namespace) {
  EXPECT_EQ(LinkMonitor::open_there(UniqueFd(), "veth7").error().message,
            "there is no interface veth7");
  back();
  const auto monitor = LinkMonitor::open_there(UniqueFd(), "veth7");
  ASSERT_TRUE(monitor);
  EXPECT_EQ(monitor->own_ifindex(), if_nametoindex("veth7"));
}

}  // namespace
}  // namespace wring
