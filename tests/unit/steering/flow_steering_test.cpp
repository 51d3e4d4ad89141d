#include "steering/flow_steering.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/private_namespace.h"
#include "tun/tun_device.h"

namespace wring {
namespace {

using test::run;

constexpr unsigned kQueues = 2;
constexpr std::uint16_t kFirstPort = 20000;
constexpr std::uint16_t kFlows = 16;
constexpr std::uint16_t kSinkPort = 30000;
constexpr std::size_t kFragmentOffsetAt = 6;  // in the IPv4 header

class FlowSteeringTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto device = TunDevice::create("flow0", kQueues);
    ASSERT_TRUE(device) << device.error().message;
    device_.emplace(std::move(*device));
    auto steered = steer_flows_by_hash(device_->queues()[1].get());
    if (!steered && steered.error().code == EPERM) GTEST_SKIP() << steered.error().message;
    ASSERT_TRUE(steered) << steered.error().message;
    ASSERT_TRUE(
        run("sysctl -qw net.ipv6.conf.flow0.accept_dad=0 && "
            "ip address add 10.66.0.1/24 dev flow0 && "
            "ip address add fd66::1/64 dev flow0 nodad && ip link set flow0 up"));
  }

  // One datagram from the port to the other side of the interface.
  static void send(int family, std::uint16_t port, std::size_t size = 100) {
    const UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_TRUE(bind_or_connect(::bind, socket.get(), family, {"10.66.0.1", "fd66::1"}, port));
    ASSERT_TRUE(
        bind_or_connect(::connect, socket.get(), family, {"10.66.0.2", "fd66::2"}, kSinkPort));
    const std::vector<char> bytes(size);
    ASSERT_EQ(::send(socket.get(), bytes.data(), size, 0), static_cast<ssize_t>(size));
  }

  // Which queues the packets of each source port came out of; 0 stands for a later fragment, which
  // has none. What the kernel says on its own (neighbours, routers) is passed over.
  std::map<std::uint16_t, std::set<unsigned>> queues_by_port() {
    std::map<std::uint16_t, std::set<unsigned>> found;
    for (unsigned queue = 0; queue < kQueues; ++queue) {
      std::array<std::uint8_t, 2048> packet{};
      while (::read(device_->queues()[queue].get(), packet.data(), packet.size()) > 0) {
        const bool v4 = packet[0] >> 4 == 4;
        if (packet[v4 ? 9 : 6] != IPPROTO_UDP) continue;
        const bool later = v4 && (packet[kFragmentOffsetAt] & 0x1f) + packet[kFragmentOffsetAt + 1];
        const std::size_t ports = v4 ? 20 : 40;
        found[later ? 0 : static_cast<std::uint16_t>(packet[ports] << 8 | packet[ports + 1])]
            .insert(queue);
      }
    }
    return found;
  }

  // Each of many flows three times, with an answer on the first queue after each, on which the
  // kernel by itself would bring all that follows.
  void expect_flows_spread(int family) {
    std::map<std::uint16_t, std::set<unsigned>> all;
    for (int turn = 0; turn < 3; ++turn) {
      for (std::uint16_t flow = 0; flow < kFlows; ++flow) {
        send(family, static_cast<std::uint16_t>(kFirstPort + flow));
        if (family == AF_INET) answer(static_cast<std::uint16_t>(kFirstPort + flow));
      }
      for (const auto& [port, queues] : queues_by_port())
        all[port].insert(queues.begin(), queues.end());
    }
    ASSERT_EQ(all.size(), kFlows);
    std::array<unsigned, kQueues> flows{};
    for (const auto& [port, queues] : all) {
      EXPECT_EQ(queues.size(), 1U) << "the flow of port " << port << " changed its queue";
      ++flows[*queues.begin()];
    }
    EXPECT_GE(flows[0], 4U);
    EXPECT_GE(flows[1], 4U);
  }

  std::optional<TunDevice> device_;

 private:
  struct Addresses {
    const char* v4;
    const char* v6;
  };

  static bool bind_or_connect(int (*call)(int, const sockaddr*, socklen_t), int fd, int family,
                              Addresses addresses, std::uint16_t port) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    inet_pton(AF_INET, addresses.v4, &v4.sin_addr);
    inet_pton(AF_INET6, addresses.v6, &v6.sin6_addr);
    return family == AF_INET ? call(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == 0
                             : call(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == 0;
  }

  // An empty UDP datagram back to the port, without a UDP checksum.
  void answer(std::uint16_t port) {
    std::array<std::uint8_t, 28> packet = {0x45, 0, 0,  28, 0, 0, 0,  0,  64, IPPROTO_UDP,
                                           0,    0, 10, 66, 0, 2, 10, 66, 0,  1};
    unsigned sum = 0;
    for (std::size_t i = 0; i < 20; i += 2)
      sum += static_cast<unsigned>(packet[i] << 8 | packet[i + 1]);
    sum = ~((sum & 0xffff) + (sum >> 16));
    const auto put = [&packet](std::size_t at, unsigned value) {
      packet[at] = static_cast<std::uint8_t>(value >> 8);
      packet[at + 1] = static_cast<std::uint8_t>(value);
    };
    put(10, sum);
    put(20, kSinkPort);
    put(22, port);
    put(24, 8);
    ASSERT_EQ(::write(device_->queues()[0].get(), packet.data(), packet.size()), 28);
  }
};

TEST_F(FlowSteeringTest, ipv4_flows_spread_over_the_queues_and_each_keeps_to_one) {
  expect_flows_spread(AF_INET);
}

TEST_F(FlowSteeringTest, ipv6_flows_spread_over_the_queues_and_each_keeps_to_one) {
  expect_flows_spread(AF_INET6);
}

TEST_F(FlowSteeringTest, all_fragments_of_a_datagram_come_out_of_one_queue) {
  for (std::uint16_t flow = 0; flow < kFlows; ++flow)
    send(AF_INET, static_cast<std::uint16_t>(kFirstPort + flow), 3000);
  std::set<unsigned> used;
  const auto found = queues_by_port();
  EXPECT_EQ(found.size(), kFlows + 1U);
  for (const auto& [port, queues] : found)
    used.insert(queues.begin(), queues.end());
  EXPECT_EQ(used.size(), 1U);
}

}  // namespace
}  // namespace wring
