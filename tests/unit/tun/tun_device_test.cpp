#include "tun/tun_device.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::run;
using testing::HasSubstr;
using testing::StartsWith;

class TunDeviceTest : public test::NamespaceTest {};

UniqueFd open_tun(const char* name, int flags) {
  UniqueFd fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  ifreq request{};
  std::string(name).copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_flags = static_cast<short>(flags);
  EXPECT_EQ(ioctl(fd.get(), TUNSETIFF, &request), 0);
  return fd;
}

TEST_F(TunDeviceTest, an_interface_lives_as_long_as_its_object) {
  {
    auto device = TunDevice::create("pump0", 1);
    ASSERT_TRUE(device) << device.error().message;
    EXPECT_EQ(device->name(), "pump0");
    EXPECT_EQ(device->mtu().value(), 1500u);
    EXPECT_TRUE(device->still_exists());
    EXPECT_TRUE(run("ip link show pump0"));
  }
  EXPECT_FALSE(run("ip link show pump0"));
}

TEST_F(TunDeviceTest, its_queue_holds_4096_packets) {
  auto device = TunDevice::create("pump0", 1);
  ASSERT_TRUE(device && device->lengthen_queue());
  EXPECT_TRUE(run("ip link show pump0 | grep 'qlen 4096'"));
}

constexpr const char* kHasV6Address = "ip -6 address show dev pump0 | grep inet6";
// A namespace begins with the value of the first one.
constexpr const char* kTurnRedirectsOn = "echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects";
constexpr const char* kSendsRedirects =
    "grep 1 /proc/sys/net/ipv4/conf/pump0/send_redirects "
    "/proc/sys/net/ipv4/conf/all/send_redirects";

TEST_F(TunDeviceTest, the_kernel_sends_nothing_of_its_own_over_it) {
  ASSERT_TRUE(run(kTurnRedirectsOn));
  auto device = TunDevice::create("pump0", 1);
  ASSERT_TRUE(device && device->keep_silent());
  EXPECT_TRUE(device->turn_redirects_off_for_all());
  ASSERT_TRUE(run("ip link set pump0 up"));
  EXPECT_FALSE(run(kHasV6Address));
  EXPECT_FALSE(run(kSendsRedirects));
}

TEST_F(TunDeviceTest, nor_in_a_namespace_to_which_it_was_moved) {
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  auto device = TunDevice::create("pump0", 1);
  ASSERT_TRUE(device);
  const std::string there = "ip netns exec " + other.name() + " ";
  ASSERT_TRUE(run("ip link set pump0 netns " + other.name()));
  EXPECT_TRUE(device->keep_silent());
  EXPECT_TRUE(device->lengthen_queue());
  ASSERT_TRUE(run(there + "ip link set pump0 up"));
  EXPECT_FALSE(run(there + kHasV6Address));
  EXPECT_TRUE(run(there + "grep 0 /proc/sys/net/ipv4/conf/pump0/send_redirects"));
  EXPECT_TRUE(run(there + "ip link show pump0 | grep 'qlen 4096'"));
}

TEST_F(TunDeviceTest, an_interface_of_somebody_else_keeps_its_settings) {
  ASSERT_TRUE(run(kTurnRedirectsOn));
  auto device = TunDevice::adopt(open_tun("pump0", IFF_TUN | IFF_NO_PI));
  ASSERT_TRUE(device && device->keep_silent() && device->lengthen_queue());
  EXPECT_TRUE(device->turn_redirects_off_for_all());
  EXPECT_TRUE(run("ip link show pump0 | grep 'qlen 500'"));
  EXPECT_TRUE(run("grep 1 /proc/sys/net/ipv4/conf/all/send_redirects"));
}

TEST_F(TunDeviceTest, without_ipv6_there_is_nothing_to_silence) {
  auto device = TunDevice::create("pump0", 1, 1000);  // below 1280 an interface has no IPv6
  ASSERT_TRUE(device);
  const auto silent = device->keep_silent();
  EXPECT_TRUE(silent) << silent.error().message;
}

TEST_F(TunDeviceTest, a_pattern_gives_the_next_free_name) {
  auto first = TunDevice::create("pump%d", 1);
  auto second = TunDevice::create("pump%d", 1);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->name(), "pump0");
  EXPECT_EQ(second->name(), "pump1");
}

TEST_F(TunDeviceTest, four_queues_are_four_non_blocking_descriptors_of_one_interface) {
  auto device = TunDevice::create("pump0", 4);
  ASSERT_TRUE(device) << device.error().message;
  ASSERT_EQ(device->queues().size(), 4u);
  for (const UniqueFd& queue : device->queues()) {
    ifreq request{};
    EXPECT_EQ(ioctl(queue.get(), TUNGETIFF, &request), 0);
    EXPECT_STREQ(request.ifr_name, "pump0");
    EXPECT_TRUE(fcntl(queue.get(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(fcntl(queue.get(), F_GETFD) & FD_CLOEXEC);
  }
}

TEST_F(TunDeviceTest, a_taken_name_is_refused_with_advice) {
  ASSERT_TRUE(run("ip link add pump0 type veth peer name pump1"));
  auto device = TunDevice::create("pump0", 1);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, EBUSY);
  EXPECT_THAT(device.error().message, StartsWith("an interface pump0 exists already; delete it"));
}

TEST_F(TunDeviceTest, a_persistent_tun_of_somebody_else_is_not_attached_to) {
  ASSERT_TRUE(run("ip tuntap add dev pump0 mode tun"));
  auto device = TunDevice::create("pump0", 1);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, EBUSY);
  EXPECT_TRUE(run("ip link show pump0"));
}

TEST_F(TunDeviceTest, a_name_of_sixteen_characters_is_too_long) {
  EXPECT_TRUE(TunDevice::create("fifteen-letters", 1));
  auto device = TunDevice::create("sixteen-letters!", 1);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, EINVAL);
  EXPECT_THAT(device.error().message, HasSubstr("too long"));
}

TEST_F(TunDeviceTest, a_name_with_a_slash_is_refused) {
  auto device = TunDevice::create("a/b", 1);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, EINVAL);
}

TEST_F(TunDeviceTest, an_mtu_may_be_65500_and_no_more) {
  auto device = TunDevice::create("pump0", 1, 65500);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->mtu().value(), 65500u);
  EXPECT_TRUE(device->set_mtu(1280));
  EXPECT_EQ(device->mtu().value(), 1280u);
  EXPECT_EQ(device->set_mtu(65501).error().code, EINVAL);
  EXPECT_EQ(device->set_mtu(67).error().code, EINVAL);
  EXPECT_FALSE(TunDevice::create("pump1", 1, 65501));
  EXPECT_FALSE(run("ip link show pump1"));
}

TEST_F(TunDeviceTest, deletion_is_told_from_a_move_to_another_namespace) {
  const test::NamedNamespace other;
  ASSERT_TRUE(other.made());
  auto device = TunDevice::create("pump0", 1);
  ASSERT_TRUE(device);
  EXPECT_TRUE(run("ip link set pump0 netns " + other.name()));
  EXPECT_TRUE(device->still_exists());
  EXPECT_TRUE(device->set_mtu(1300));
  EXPECT_EQ(device->mtu().value_or(0), 1300u);
  EXPECT_TRUE(run("ip -n " + other.name() + " link del pump0"));
  EXPECT_FALSE(device->still_exists());
  EXPECT_EQ(device->mtu().error().code, EBADFD);
}

TEST_F(TunDeviceTest, an_open_descriptor_is_taken_over) {
  auto device = TunDevice::adopt(open_tun("pump0", IFF_TUN | IFF_NO_PI));
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->name(), "pump0");
  EXPECT_EQ(device->mtu().value(), 1500u);
  EXPECT_TRUE(fcntl(device->queues()[0].get(), F_GETFL) & O_NONBLOCK);
}

TEST_F(TunDeviceTest, a_descriptor_that_passes_more_than_ip_packets_is_refused) {
  auto tap = TunDevice::adopt(open_tun("pump0", IFF_TAP | IFF_NO_PI));
  ASSERT_FALSE(tap);
  EXPECT_THAT(tap.error().message, HasSubstr("no TUN"));
  auto info = TunDevice::adopt(open_tun("pump1", IFF_TUN));
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message, HasSubstr("IFF_NO_PI"));
}

int vnet_header_size(const TunDevice& device) {
  int size = 0;
  EXPECT_EQ(ioctl(device.queues()[0].get(), TUNGETVNETHDRSZ, &size), 0);
  return size;
}

TEST_F(TunDeviceTest, without_offload_packets_come_bare) {
  auto device = TunDevice::create("pump0", 1);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->offloads(), TunOffloads{});
  EXPECT_FALSE(run("ethtool -k pump0 | grep 'tcp-segmentation-offload: on'"));
}

TEST_F(TunDeviceTest, with_offload_every_queue_passes_headers_of_10_bytes) {
  for (const unsigned queues : {1u, 4u}) {
    auto device = TunDevice::create("pump0", queues, 1420, true);
    ASSERT_TRUE(device) << device.error().message;
    EXPECT_TRUE(device->offloads().vnet_header);
    EXPECT_EQ(vnet_header_size(*device), 10);
    for (const UniqueFd& queue : device->queues()) {
      ifreq request{};
      EXPECT_EQ(ioctl(queue.get(), TUNGETIFF, &request), 0);
      EXPECT_TRUE(request.ifr_flags & IFF_VNET_HDR);
    }
    if (!run("which ethtool")) GTEST_SKIP() << "needs ethtool";
    EXPECT_TRUE(run("ethtool -k pump0 | grep 'tcp-segmentation-offload: on'"));
    EXPECT_EQ(run("ethtool -k pump0 | grep 'tx-udp-segmentation: on'"),
              device->offloads().udp_segmentation);
  }
}

TEST_F(TunDeviceTest, the_header_of_an_adopted_descriptor_is_made_10_bytes_long) {
  UniqueFd fd = open_tun("pump0", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
  const int theirs = 12;
  ASSERT_EQ(ioctl(fd.get(), TUNSETVNETHDRSZ, &theirs), 0);
  auto device = TunDevice::adopt(std::move(fd), true);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_TRUE(device->offloads().vnet_header);
  EXPECT_EQ(vnet_header_size(*device), 10);
}

TEST_F(TunDeviceTest, an_adopted_descriptor_has_a_header_only_if_it_was_opened_with_one) {
  auto bare = TunDevice::adopt(open_tun("pump0", IFF_TUN | IFF_NO_PI), true);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->offloads(), TunOffloads{});
  auto quiet = TunDevice::adopt(open_tun("pump1", IFF_TUN | IFF_NO_PI | IFF_VNET_HDR), false);
  ASSERT_TRUE(quiet);
  EXPECT_EQ(quiet->offloads(), (TunOffloads{.vnet_header = true}));
}

TEST(TunDevice, a_descriptor_that_is_no_tun_is_refused) {
  auto device = TunDevice::adopt(UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  ASSERT_FALSE(device);
  EXPECT_THAT(device.error().message, HasSubstr("not one of a TUN"));
}

}  // namespace
}  // namespace wring
