// The pump on packet sockets at one end of a veth pair, by all ways of reading them.
#include <arpa/inet.h>
#include <netinet/udp.h>
#include <poll.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "ip/transport_header.h"
#include "tests/support/packet_socket_for_tests.h"
#include "tests/support/packets.h"
#include "tests/support/private_namespace.h"
#include "tests/unit/pump/pump_for_tests.h"
#include "tun/link_features.h"
#include "tun/packet_device.h"

namespace wring {
namespace {

using test::run;

constexpr std::uint16_t kPort = 7000;

// A UDP packet to the near end, as it lies in one datagram of a peer.
Packet udp_to_us(std::size_t size) {
  Packet payload(sizeof(UdpHeader) + size, 'x');
  UdpHeader header{9, kPort, static_cast<std::uint16_t>(payload.size()), 0};
  store(MutByteSpan(payload), header);
  return make_packet({.source = "10.9.0.2", .destination = "10.9.0.1", .payload = payload});
}

class PacketPumpPacketTest : public test::NamespaceTest,
                             public testing::WithParamInterface<test::Driver> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("ip link add near0 type veth peer name far0"));
    ASSERT_TRUE(run("ip link set far0 mtu 65535 addrgenmode none up"));
    ASSERT_TRUE(run("ip link set near0 arp off addrgenmode none up"));
    ASSERT_TRUE(run("ip addr add 10.9.0.1/24 dev near0"));
    ASSERT_TRUE(becomes_ready("far0"));
    std::vector<UniqueFd> sockets;
    sockets.push_back(test::packet_socket_at("far0"));
    auto device = PacketDevice::adopt(std::move(sockets), "near0", -1, true);
    ASSERT_TRUE(device) << device.error().message;
    device_ = std::make_unique<PacketDevice>(std::move(*device));
    const TunQueue queue{device_->queues()[0].get(), true, device_->addresses()};
    auto pump = test::make_pump_on(GetParam(), queue, errors_);
    ASSERT_TRUE(pump) << pump.error().message;
    pump_ = std::move(*pump);
    socket_.reset(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const sockaddr_in here = address(kPort, "10.9.0.1");
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  }

  // Once both ends are up, a worker of the kernel makes them ready for packets. Until then they are
  // dropped.
  static bool becomes_ready(const std::string& name) {
    return run("timeout 10 sh -c 'until ip link show " + name +
               " | grep -q \"state UP\"; do sleep 0.01; done'");
  }
  static sockaddr_in address(std::uint16_t port, const char* text) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    inet_pton(AF_INET, text, &made.sin_addr);
    return made;
  }
  void send_by_near_end(ByteSpan payload) {
    const sockaddr_in to = address(9, "10.9.0.2");
    ASSERT_EQ(::sendto(socket_.get(), payload.data(), payload.size(), 0,
                       reinterpret_cast<const sockaddr*>(&to), sizeof to),
              static_cast<ssize_t>(payload.size()));
  }
  // Hands out what is queued, and takes what has come in.
  PacketPump::Input turn() {
    pump_->wake();
    return pump_->wait();
  }
  // The size of the datagram that arrives at the near end; 0: none does. On a busy machine a packet
  // waits in its processor's backlog.
  std::size_t arrived(int timeout_ms = 5000) {
    pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    poll(&readable, 1, timeout_ms);
    Bytes<65536> room;
    const ssize_t size = recv(socket_.get(), room.data(), room.size(), 0);
    return size < 0 ? 0 : static_cast<std::size_t>(size);
  }

  test::RecordedErrors errors_;
  std::unique_ptr<PacketDevice> device_;
  std::unique_ptr<PacketPump> pump_;
  UniqueFd socket_;
  VnetHeader plain_;
};

TEST_P(PacketPumpPacketTest, a_packet_comes_without_its_frame) {
  send_by_near_end(Packet(1000, 'x'));
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), 1u);
  const TunPacket& packet = input.packets[0];
  EXPECT_EQ(packet.bytes.size(), 1028u);
  EXPECT_EQ(to_string(source_of(packet.bytes)), "10.9.0.1");
  // The checksum is still to be made, from the first byte behind the IP header on.
  EXPECT_EQ(packet.header.flags, kVnetNeedsCsum);
  EXPECT_EQ(packet.header.csum_start, 20);
}

TEST_P(PacketPumpPacketTest, packets_of_a_row_come_as_one) {
  const int each = 500;
  ASSERT_EQ(setsockopt(socket_.get(), SOL_UDP, UDP_SEGMENT, &each, sizeof each), 0);
  send_by_near_end(Packet(1800, 'x'));
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), device_->offloads().udp_segmentation ? 1u : 4u);
  if (!device_->offloads().udp_segmentation) return;
  EXPECT_EQ(input.packets[0].header.gso_type, kVnetGsoUdpL4);
  EXPECT_EQ(input.packets[0].header.gso_size, 500);
  EXPECT_EQ(input.packets[0].bytes.size(), 1828u);
}

// As before Linux 6.2.
TEST_P(PacketPumpPacketTest, rows_that_no_header_can_describe_are_split_before) {
  ASSERT_TRUE(limit_features(socket_.get(), "near0", {.tcp = true, .udp = false}));
  const int each = 500;
  ASSERT_EQ(setsockopt(socket_.get(), SOL_UDP, UDP_SEGMENT, &each, sizeof each), 0);
  send_by_near_end(Packet(1800, 'x'));
  std::vector<std::size_t> sizes;
  while (sizes.size() < 4) {
    for (const TunPacket& packet : pump_->wait().packets) {
      EXPECT_EQ(packet.header.gso_type, kVnetGsoNone);
      sizes.push_back(packet.bytes.size());
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{528, 528, 528, 328}));
}

TEST_P(PacketPumpPacketTest, a_written_packet_arrives) {
  Packet packet = udp_to_us(900);
  const std::array<iovec, 2> parts{iovec{&plain_, sizeof plain_},
                                   iovec{packet.data(), packet.size()}};
  pump_->write_packet(parts);
  turn();
  EXPECT_EQ(arrived(), 900u);
  EXPECT_TRUE(errors_.refused_writes.empty());
}

TEST_P(PacketPumpPacketTest, more_writes_than_the_pump_has_frames_for) {
  Packet packet = udp_to_us(1);
  const std::array<iovec, 2> parts{iovec{&plain_, sizeof plain_},
                                   iovec{packet.data(), packet.size()}};
  constexpr unsigned kCount = 1500;
  const int room = 16 << 20;
  ASSERT_EQ(setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room), 0);
  for (unsigned i = 0; i < kCount; ++i)
    pump_->write_packet(parts);
  turn();
  unsigned count = 0;
  while (count < kCount && arrived() == 1)
    ++count;
  EXPECT_EQ(count, kCount);
  EXPECT_EQ(arrived(0), 0u);
}

TEST_P(PacketPumpPacketTest, a_refused_write_is_told_as_it_was_given) {
  ASSERT_TRUE(run("ip link set far0 down"));
  Packet packet = udp_to_us(900);
  const std::array<iovec, 3> parts{iovec{&plain_, sizeof plain_}, iovec{packet.data(), 28},
                                   iovec{packet.data() + 28, 900}};
  pump_->write_packet(parts);
  turn();
  ASSERT_EQ(errors_.refused_writes.size(), 1u);
  EXPECT_EQ(errors_.refused_writes[0], (std::pair<std::size_t, int>(3, ENETDOWN)));
}

TEST_P(PacketPumpPacketTest, what_it_writes_does_not_come_back) {
  Packet packet = udp_to_us(900);
  const std::array<iovec, 2> parts{iovec{&plain_, sizeof plain_},
                                   iovec{packet.data(), packet.size()}};
  pump_->write_packet(parts);
  EXPECT_TRUE(turn().packets.empty());
  EXPECT_TRUE(turn().packets.empty());
}

TEST_P(PacketPumpPacketTest, it_goes_on_after_the_far_end_was_down) {
  ASSERT_TRUE(run("ip link set far0 down"));
  turn();
  ASSERT_TRUE(run("ip link set far0 up"));
  ASSERT_TRUE(becomes_ready("near0"));
  send_by_near_end(Packet(700, 'x'));
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), 1u);
  EXPECT_EQ(input.packets[0].bytes.size(), 728u);
  EXPECT_FALSE(input.tun_gone);
}

TEST_P(PacketPumpPacketTest, what_is_queued_leaves_when_the_pump_ends) {
  Packet packet = udp_to_us(900);
  const std::array<iovec, 2> parts{iovec{&plain_, sizeof plain_},
                                   iovec{packet.data(), packet.size()}};
  turn();
  pump_->write_packet(parts);
  pump_.reset();
  EXPECT_EQ(arrived(), 900u);
}

INSTANTIATE_TEST_SUITE_P(All, PacketPumpPacketTest,
                         testing::Values(test::Driver::kUring, test::Driver::kUringAndPoll,
                                         test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
