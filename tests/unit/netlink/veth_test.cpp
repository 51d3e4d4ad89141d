// Pairs of interfaces, in namespaces of the test's own.
#include "netlink/veth.h"

#include <gtest/gtest.h>

#include <thread>

#include "netlink/network_facts.h"
#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::run;

class VethTest : public test::NamespaceTest {};

TEST_F(VethTest, one_end_may_be_in_another_namespace) {
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  const UniqueFd there(open(("/run/netns/" + other.name()).c_str(), O_RDONLY | O_CLOEXEC));
  auto socket = RtSocket::open().value();
  const auto added = add_veth(socket, {"near"}, 9000, {"far", there.get()});
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_TRUE(run("ip link show dev near | grep 'mtu 9000'"));
  EXPECT_TRUE(run("ip -n " + other.name() + " link show dev far"));
  EXPECT_FALSE(run("ip link show dev far"));
}

TEST_F(VethTest, a_quiet_end_asks_for_no_neighbours_and_takes_no_address) {
  auto socket = RtSocket::open().value();
  ASSERT_TRUE(add_veth(socket, {"near"}, 1500, {"far"}));
  const auto near = index_of(socket, "near");
  ASSERT_TRUE(near);
  ASSERT_TRUE(keep_quiet(socket, *near));
  ASSERT_TRUE(run("ip link set near up && ip link set far up"));
  EXPECT_TRUE(run("ip link show dev near | grep NOARP"));
  EXPECT_FALSE(run("ip -6 -o address show dev near | grep inet6"));
  EXPECT_TRUE(run("ip -6 -o address show dev far | grep inet6"));
}

TEST_F(VethTest, an_end_runs_once_both_are_up) {
  auto socket = RtSocket::open().value();
  ASSERT_TRUE(add_veth(socket, {"near"}, 1500, {"far"}));
  const auto near = index_of(socket, "near");
  ASSERT_TRUE(near);
  EXPECT_FALSE(is_running(socket, *near));
  ASSERT_TRUE(run("ip link set near up"));
  EXPECT_FALSE(is_running(socket, *near));
  ASSERT_TRUE(run("ip link set far up"));
  // The kernel takes its time, for which there is no bound.
  while (!is_running(socket, *near))
    std::this_thread::yield();
  ASSERT_TRUE(run("ip link delete near"));
  EXPECT_FALSE(is_running(socket, *near));
}

TEST_F(VethTest, what_is_not_there_is_told) {
  auto socket = RtSocket::open().value();
  EXPECT_EQ(index_of(socket, "nowhere").error().code, ENODEV);
  ASSERT_TRUE(add_veth(socket, {"near"}, 1500, {"far"}));
  EXPECT_EQ(add_veth(socket, {"near"}, 1500, {"far2"}).error().code, EEXIST);
}

}  // namespace
}  // namespace wring
