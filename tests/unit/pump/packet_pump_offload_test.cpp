// Many packets in one read, write, send or receive.
#include <gmock/gmock.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <numeric>

#include "tests/support/private_namespace.h"
#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"
#include "tun/tun_device.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::run;
using test::v4_endpoint;
using test::v6_endpoint;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

std::vector<std::uint8_t> slice(const std::vector<std::uint8_t>& bytes, std::size_t from,
                                std::size_t size) {
  const std::size_t to = std::min(bytes.size(), from + size);
  return {bytes.begin() + static_cast<std::ptrdiff_t>(from),
          bytes.begin() + static_cast<std::ptrdiff_t>(to)};
}

class PumpOffloadTest : public test::PumpTest {
 protected:
  // Sockets that take joined datagrams, too.
  void open_joining() {
    auto sockets = UdpSockets::open(0, 0, 1, true);
    ASSERT_TRUE(sockets);
    sockets_ = std::move(*sockets);
    pump_->set_sockets(sockets_);
    turn();
  }
};

TEST_P(PumpOffloadTest, a_payload_with_a_segment_size_leaves_as_datagrams_of_that_size) {
  PlainSocket v4(AF_INET);
  PlainSocket v6(AF_INET6);
  ASSERT_TRUE(v4.bind_to(v4_endpoint("127.0.0.1", 0)));
  ASSERT_TRUE(v6.bind_to(v6_endpoint("::1", 0)));
  const Endpoint to_v4 = v4_endpoint("127.0.0.1", v4.port());
  const Endpoint to_v6 = v6_endpoint("::1", v6.port());
  // Even, with a shorter last one, a single one, the most that one send takes.
  for (const auto& [size, segment] : {std::pair<std::size_t, std::uint16_t>{4800, 96},
                                      {4801, 96},
                                      {4799, 96},
                                      {1452, 1452},
                                      {64 * 1000, 1000},
                                      {65507, 1452}}) {
    const auto payload = pattern(size);
    pump_->send({payload, &to_v4, 0, segment});
    pump_->send({payload, &to_v6, 0, segment});
    turn();
    for (std::size_t at = 0; at < size; at += segment) {
      ASSERT_EQ(v4.receive(), slice(payload, at, segment)) << size << " at " << at;
      ASSERT_EQ(v6.receive(), slice(payload, at, segment)) << size << " at " << at;
    }
  }
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(PumpOffloadTest, a_segment_size_comes_beside_source_and_traffic_class) {  // P24, P29
  open_joining();
  Endpoint to = v6_endpoint("::1", sockets_->port());
  inet_pton(AF_INET6, "::1", &to.source.v6);
  to.source_ifindex = 1;
  const auto payload = pattern(3000);
  pump_->send({payload, &to, 0x88, 1000});
  std::vector<std::uint8_t> got;
  for (int turns = 0; got.size() < 3000 && turns < 3; ++turns) {
    for (const ReceivedDatagram& datagram : pump_->wait().datagrams) {
      EXPECT_EQ(datagram.tos, 0x88);
      EXPECT_EQ(datagram.from.source.v6.s6_addr[15], 1);
      got.insert(got.end(), datagram.payload.begin(), datagram.payload.end());
    }
  }
  EXPECT_EQ(got, payload);
}

TEST_P(PumpOffloadTest, bundles_that_more_than_fill_the_socket_leave_whole_and_in_order) {
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  const int room = 100000;
  ASSERT_EQ(setsockopt(sockets_->fd_v4(0), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
  std::vector<std::uint32_t> numbers(100 * 64);
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (std::size_t at = 0; at < numbers.size(); at += 64) {
    pump_->send({{reinterpret_cast<const std::uint8_t*>(&numbers[at]), 256}, &to, 0, 4});
  }
  turn();
  for (const std::uint32_t number : numbers) {
    const auto got = sink.receive();
    ASSERT_TRUE(got);
    ASSERT_EQ(load<std::uint32_t>(*got), number);
  }
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(PumpOffloadTest, what_cannot_be_segmented_is_reported_whole) {
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  const std::vector<std::uint8_t> payload(1000);  // more datagrams than any kernel makes of it
  const Bytes<1> after{7};
  pump_->send({payload, &to, 0, 1});
  pump_->send({after, &to, 0});
  turn();
  EXPECT_THAT(errors_.seen, ElementsAre(Pair(1000u, EINVAL)));
  EXPECT_EQ(sink.receive(), std::vector<std::uint8_t>{7});
}

// Loopback hands on a bundle as it was sent, so it arrives joined.
TEST_P(PumpOffloadTest, datagrams_come_joined_where_the_socket_takes_that) {
  open_joining();
  const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
  const auto payload = pattern(10000);
  pump_->send({payload, &to, 0, 1400});
  const auto input = pump_->wait();
  ASSERT_EQ(input.datagrams.size(), 1u);
  EXPECT_EQ(input.datagrams[0].segment_size, 1400);
  EXPECT_TRUE(std::ranges::equal(input.datagrams[0].payload, payload));
}

TEST_P(PumpOffloadTest, datagrams_come_one_by_one_where_it_does_not) {
  const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
  const auto payload = pattern(10000);
  pump_->send({payload, &to, 0, 1400});
  std::size_t got = 0;
  for (int turns = 0; got < 8 && turns < 8; ++turns) {
    for (const ReceivedDatagram& datagram : pump_->wait().datagrams) {
      EXPECT_EQ(datagram.segment_size, 0);
      EXPECT_EQ(datagram.payload.size(), got == 7 ? 200u : 1400u);
      ++got;
    }
  }
  EXPECT_EQ(got, 8u);
}

TEST_P(PumpOffloadTest, a_lone_datagram_has_no_segment_size_after_a_joined_one) {
  open_joining();
  const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
  const auto payload = pattern(3000);
  pump_->send({payload, &to, 0, 1000});
  ASSERT_EQ(pump_->wait().datagrams.size(), 1u);
  pump_->send({payload, &to, 0});
  const auto input = pump_->wait();
  ASSERT_EQ(input.datagrams.size(), 1u);
  EXPECT_EQ(input.datagrams[0].segment_size, 0);
}

TEST_P(PumpOffloadTest, a_packet_is_gathered_from_its_parts) {
  std::vector<std::uint8_t> whole = pattern(60000);
  std::vector<std::vector<iovec>> packets(30);
  for (std::size_t count = 1; count <= packets.size(); ++count) {
    const std::size_t size = 2000 / count;
    for (std::size_t i = 0; i < count; ++i)
      packets[count - 1].push_back({whole.data() + i * size, size});
    pump_->write_packet(packets[count - 1]);
    turn();
    std::vector<std::uint8_t> room(4000);
    ASSERT_EQ(::recv(far_.get(), room.data(), room.size(), 0), static_cast<ssize_t>(size * count));
    EXPECT_TRUE(std::equal(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size * count),
                           whole.begin()));
  }
}

INSTANTIATE_TEST_SUITE_P(Drivers, PumpOffloadTest,
                         testing::Values(test::Driver::kUring, test::Driver::kEpoll),
                         test::name_of);

// A TUN with offloads.
class PumpVnetTest : public test::NamespaceTest, public testing::WithParamInterface<test::Driver> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto device = TunDevice::create("pump0", 1, 1420, true);
    ASSERT_TRUE(device) << device.error().message;
    device_ = std::make_unique<TunDevice>(std::move(*device));
    auto pump = test::make_pump_on(GetParam(), device_->queues()[0].get(), errors_, true);
    ASSERT_TRUE(pump) << pump.error().message;
    pump_ = std::move(*pump);
    ASSERT_TRUE(run("sysctl -w net.ipv6.conf.pump0.disable_ipv6=1"));
    ASSERT_TRUE(run("ip addr add 10.7.0.1/24 dev pump0"));
    ASSERT_TRUE(run("ip link set pump0 up"));
  }
  std::unique_ptr<TunDevice> device_;
  test::RecordedErrors errors_;
  std::unique_ptr<PacketPump> pump_;
};

// Turns it around and asks the kernel to complete the checksum, as the header says.
void turn_around(MutByteSpan packet) {
  auto ip = load<iphdr>(packet);
  std::swap(ip.saddr, ip.daddr);
  store(packet, ip);
  auto udp = load<udphdr>(packet, sizeof ip);
  std::swap(udp.source, udp.dest);
  store(packet, udp, sizeof ip);
}

TEST_P(PumpVnetTest, the_header_comes_apart_from_the_packet_and_goes_in_front_of_it) {
  PlainSocket inside(AF_INET);
  ASSERT_TRUE(inside.bind_to(v4_endpoint("10.7.0.1", 0)));
  const auto payload = pattern(1000);
  ASSERT_TRUE(inside.send(payload, v4_endpoint("10.7.0.2", 7)));
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), 1u);
  TunPacket& packet = input.packets[0];
  EXPECT_EQ(packet.header.flags, kVnetNeedsCsum);
  EXPECT_EQ(packet.header.gso_type, kVnetGsoNone);
  EXPECT_EQ(packet.header.csum_start, 20);
  ASSERT_EQ(packet.bytes.size(), 1028u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(packet.bytes.data()) % 64, 0u);
  std::fill_n(packet.bytes.data() + packet.bytes.size(), 16, std::uint8_t{0});  // its tail room

  turn_around(packet.bytes);
  const iovec parts[] = {{&packet.header, 10}, {packet.bytes.data(), 1028}};
  pump_->write_packet(parts);
  pump_->wake();
  pump_->wait();
  EXPECT_EQ(inside.receive(), payload);
  EXPECT_THAT(errors_.refused_writes, IsEmpty());
}

TEST_P(PumpVnetTest, one_write_of_many_udp_packets_comes_out_as_many_and_as_one_read_again) {
  if (!device_->offloads().udp_segmentation) GTEST_SKIP() << "needs Linux 6.2";
  PlainSocket inside(AF_INET);
  ASSERT_TRUE(inside.bind_to(v4_endpoint("10.7.0.1", 0)));
  const std::uint16_t size = 1000;
  ASSERT_EQ(setsockopt(inside.fd(), IPPROTO_UDP, UDP_SEGMENT, std::array<int, 1>{size}.data(), 4),
            0);
  const auto payload = pattern(9500);
  ASSERT_TRUE(inside.send(payload, v4_endpoint("10.7.0.2", 7)));
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), 1u);
  TunPacket& packet = input.packets[0];
  EXPECT_EQ(packet.header.gso_type, kVnetGsoUdpL4);
  EXPECT_EQ(packet.header.gso_size, 1000);
  ASSERT_EQ(packet.bytes.size(), 9528u);

  turn_around(packet.bytes);
  const iovec parts[] = {
      {&packet.header, 10}, {packet.bytes.data(), 1028}, {packet.bytes.data() + 1028, 8500}};
  pump_->write_packet(parts);
  pump_->wake();
  pump_->wait();
  for (std::size_t at = 0; at < payload.size(); at += size)
    ASSERT_EQ(inside.receive(), slice(payload, at, size)) << at;
}

INSTANTIATE_TEST_SUITE_P(Drivers, PumpVnetTest,
                         testing::Values(test::Driver::kUring, test::Driver::kUringAndPoll,
                                         test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
