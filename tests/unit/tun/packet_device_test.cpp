#include "tun/packet_device.h"

#include <gmock/gmock.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/support/packet_socket_for_tests.h"
#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::packet_socket_at;
using test::run;
using testing::HasSubstr;

class PacketDeviceTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("ip link add near0 type veth peer name far0"));
    ASSERT_TRUE(run("ip link set far0 mtu 65535 up"));
    ASSERT_TRUE(run("ip link set near0 arp off up"));
  }
  static Result<PacketDevice> adopt(UniqueFd one, UniqueFd other = {}) {
    std::vector<UniqueFd> sockets;
    sockets.push_back(std::move(one));
    if (other) sockets.push_back(std::move(other));
    return PacketDevice::adopt(std::move(sockets), "near0", -1, true);
  }
  static std::string complaint(Result<PacketDevice> device) {
    return device ? "none" : device.error().message;
  }
  static int fanout(const UniqueFd& fd) {
    int group = 0;
    socklen_t size = sizeof group;
    getsockopt(fd.get(), SOL_PACKET, PACKET_FANOUT, &group, &size);
    return group;
  }
};

TEST_F(PacketDeviceTest, it_knows_both_ends) {
  const auto device = adopt(packet_socket_at("far0"));
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->name(), "near0");
  EXPECT_TRUE(device->offloads().vnet_header);
  EXPECT_NE(device->addresses().to, device->addresses().from);
  EXPECT_NE(device->addresses().to, MacAddress{});
  EXPECT_EQ(device->take_lost(), 0u);
}

TEST_F(PacketDeviceTest, the_interface_sends_nothing_that_a_header_cannot_say) {
  ASSERT_TRUE(adopt(packet_socket_at("far0")));
  EXPECT_TRUE(run("ethtool -k near0 | grep 'tx-checksum-sctp: off'"));
  EXPECT_TRUE(run("ethtool -k near0 | grep 'tx-gre-segmentation: off'"));
  EXPECT_TRUE(run("ethtool -k near0 | grep 'tx-tcp-segmentation: on'"));
}

TEST_F(PacketDeviceTest, several_sockets_share_flows_out) {
  const auto device = adopt(packet_socket_at("far0"), packet_socket_at("far0"));
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_NE(fanout(device->queues()[0]), 0);
  EXPECT_EQ(fanout(device->queues()[0]), fanout(device->queues()[1]));
}

// One socket and several, because a group has a flag of its own.
TEST_F(PacketDeviceTest, what_others_send_by_the_far_end_is_none_of_its_business) {
  const std::string frame =
      "\x02\x02\x02\x02\x02\x02"
      "\x04\x04\x04\x04\x04\x04"
      "\x88\xb5 by another";
  const UniqueFd other = packet_socket_at("far0");
  for (const bool several : {false, true}) {
    const auto device =
        adopt(packet_socket_at("far0"), several ? packet_socket_at("far0") : UniqueFd());
    ASSERT_TRUE(device) << device.error().message;
    ASSERT_EQ(write(other.get(), frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
    for (const UniqueFd& queue : device->queues()) {
      std::string got(2048, '\0');
      while (read(queue.get(), got.data(), got.size()) > 0)
        EXPECT_EQ(got.find("by another"), std::string::npos) << several;
    }
  }
}

TEST_F(PacketDeviceTest, a_group_that_is_there_is_joined_and_two_are_refused) {
  const UniqueFd one = packet_socket_at("far0");
  const UniqueFd other = packet_socket_at("far0");
  const auto again = [](const UniqueFd& fd) { return UniqueFd(dup(fd.get())); };
  ASSERT_TRUE(adopt(again(one), again(other)));
  ASSERT_TRUE(adopt(again(one), again(other))) << "the same sockets once more";
  const UniqueFd third = packet_socket_at("far0");
  ASSERT_TRUE(adopt(again(one), again(third))) << "one that is in no group";
  EXPECT_EQ(fanout(third), fanout(one));
  const UniqueFd strange = packet_socket_at("far0");
  ASSERT_TRUE(adopt(again(strange), packet_socket_at("far0")));
  EXPECT_THAT(complaint(adopt(again(one), again(strange))),
              HasSubstr("not all in one fanout group; hand in new ones"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0"), again(strange))),
              HasSubstr("not all in one fanout group; hand in new ones"));
}

TEST_F(PacketDeviceTest, one_socket_shares_nothing) {
  const auto device = adopt(packet_socket_at("far0"));
  ASSERT_TRUE(device);
  EXPECT_EQ(fanout(device->queues()[0]), 0);
}

TEST_F(PacketDeviceTest, what_does_not_fit_is_refused) {
  EXPECT_THAT(complaint(adopt(UniqueFd(socket(AF_INET, SOCK_DGRAM, 0)))),
              HasSubstr("no packet socket of SOCK_RAW; hand in"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0", SOCK_DGRAM))),
              HasSubstr("no packet socket of SOCK_RAW"));
  EXPECT_THAT(complaint(adopt(UniqueFd(socket(AF_PACKET, SOCK_RAW, 0)))),
              HasSubstr("bound to no interface"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0", SOCK_RAW, ETH_P_IP))),
              HasSubstr("bind it to ETH_P_ALL"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0"), packet_socket_at("near0"))),
              HasSubstr("bound to different interfaces"));
}

TEST_F(PacketDeviceTest, an_interface_that_cannot_do_it_is_refused) {
  ASSERT_TRUE(run("ip link set near0 arp on"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0"))), HasSubstr("`ip link set near0 arp off`"));
  ASSERT_TRUE(run("ip link set near0 arp off"));
  ASSERT_TRUE(run("ip link set far0 down"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0"))),
              HasSubstr("set the far end of the veth pair up before wring starts"));
  ASSERT_TRUE(run("ip link set near0 name near1"));
  EXPECT_THAT(complaint(adopt(packet_socket_at("far0"))),
              HasSubstr("cannot find the interface near0"));
}

}  // namespace
}  // namespace wring
