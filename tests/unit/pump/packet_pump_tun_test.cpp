// The pump on a real TUN, by all ways of reading it.
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>

#include "tests/support/private_namespace.h"
#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"
#include "tun/tun_device.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::run;
using test::v4_endpoint;

// The packet goes back to where it came from; the checksums are sums, which do not mind.
void turn_around(MutByteSpan packet) {
  auto ip = load<iphdr>(packet);
  std::swap(ip.saddr, ip.daddr);
  store(packet, ip);
  auto udp = load<udphdr>(packet, sizeof ip);
  std::swap(udp.source, udp.dest);
  store(packet, udp, sizeof ip);
}

// Keeps the calling thread on its CPU. The kernel queues what loopback carries per CPU, so that a
// sender that migrates may overtake itself there, which is none of the pump's doing.
class OnOneCpu {
 public:
  OnOneCpu() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OnOneCpu() { sched_setaffinity(0, sizeof before_, &before_); }
  OnOneCpu(const OnOneCpu&) = delete;
  OnOneCpu& operator=(const OnOneCpu&) = delete;

 private:
  cpu_set_t before_;
};

bool is_test_packet(ByteSpan packet) {
  return packet.size() >= sizeof(iphdr) + sizeof(udphdr) && load<iphdr>(packet).version == 4 &&
         load<iphdr>(packet).protocol == IPPROTO_UDP;
}

// A TUN and a pump that sends each packet through a socket of its own to itself, and what arrives
// there back into the TUN: every packet takes both ways.
class PacketPumpTunTest : public test::NamespaceTest,
                          public testing::WithParamInterface<test::Driver> {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    auto device = TunDevice::create("pump0", 1, 65500);
    ASSERT_TRUE(device) << device.error().message;
    device_ = std::make_unique<TunDevice>(std::move(*device));
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets);
    self_ = v4_endpoint("127.0.0.1", (*sockets)->port());
    auto pump = test::make_pump_on(GetParam(), device_->queues()[0].get(), errors_);
    ASSERT_TRUE(pump) << pump.error().message;
    pump_ = std::move(*pump);
    pump_->set_sockets(std::move(*sockets));
    ASSERT_TRUE(run("ip addr add 10.7.0.1/24 dev pump0"));
    ASSERT_TRUE(run("ip link set pump0 up"));
  }

  // Until finish(): the pump runs on a thread of its own.
  void start() {
    worker_ = std::thread([this] {
      const OnOneCpu pinned;
      std::vector<iovec> parts;  // the pump looks at them in wait()
      while (!done_) {
        const auto input = pump_->wait();
        ++waits_;
        gone_ = input.tun_gone;
        for (const TunPacket& packet : input.packets) {
          if (is_test_packet(packet.bytes)) pump_->send({packet.bytes, &self_, 0});
        }
        parts.clear();
        for (const ReceivedDatagram& datagram : input.datagrams) {
          turn_around(datagram.payload);
          parts.push_back({datagram.payload.data(), datagram.payload.size()});
        }
        for (const iovec& part : parts)
          pump_->write_packet({&part, 1});
      }
      woken_.wait(false);
      pump_.reset();
    });
  }
  void finish() {
    done_ = true;
    pump_->wake();
    woken_ = true;
    woken_.notify_one();
    worker_.join();
  }

  std::unique_ptr<TunDevice> device_;
  Endpoint self_;
  test::RecordedErrors errors_;
  std::unique_ptr<PacketPump> pump_;
  std::thread worker_;
  std::atomic<bool> done_ = false;
  std::atomic<bool> woken_ = false;  // the pump is not used by finish() any more
  std::atomic<bool> gone_ = false;
  std::atomic<unsigned> waits_ = 0;
};

TEST_P(PacketPumpTunTest, a_flow_of_100000_packets_keeps_its_order_both_ways) {
  start();
  PlainSocket inside(AF_INET);
  ASSERT_TRUE(inside.bind_to(v4_endpoint("10.7.0.1", 0)));
  const Endpoint to = v4_endpoint("10.7.0.2", 7);
  constexpr std::uint32_t kPackets = 100000;
  constexpr std::uint32_t kUnderWay = 300;  // more than the pump has buffers, less than queues hold
  std::uint32_t sent = 0;
  std::uint32_t received = 0;
  while (received < kPackets) {
    for (; sent < kPackets && sent < received + kUnderWay; ++sent) {
      Bytes<200> payload{};
      store(MutByteSpan(payload), sent);
      if (!inside.send(payload, to)) break;
    }
    const auto got = inside.receive();
    if (!got || load<std::uint32_t>(*got) != received) break;
    ++received;
  }
  EXPECT_EQ(received, kPackets);
  finish();
  EXPECT_TRUE(errors_.seen.empty());
}

TEST_P(PacketPumpTunTest, packets_of_every_size_up_to_an_mtu_of_65500_cross) {
  start();
  PlainSocket inside(AF_INET);
  ASSERT_TRUE(inside.bind_to(v4_endpoint("10.7.0.1", 0)));
  const Endpoint to = v4_endpoint("10.7.0.2", 7);
  for (const std::size_t size : {0u, 1u, 1392u, 9000u, 65471u, 65472u}) {
    std::vector<std::uint8_t> payload(size);
    std::iota(payload.begin(), payload.end(), std::uint8_t{1});
    ASSERT_TRUE(inside.send(payload, to)) << size;
    EXPECT_EQ(inside.receive(), payload) << size;
  }
  finish();
}

TEST_P(PacketPumpTunTest, down_and_up_again_neither_ends_it_nor_makes_it_spin) {
  start();
  PlainSocket inside(AF_INET);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run("ip link set pump0 down"));
    const unsigned before = waits_;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_LE(waits_ - before, 5u);
    ASSERT_TRUE(run("ip link set pump0 up"));
    const Endpoint to = v4_endpoint("10.7.0.2", 7);
    ASSERT_TRUE(inside.send(Bytes<10>{1}, to));
    EXPECT_TRUE(inside.receive());
  }
  EXPECT_FALSE(gone_);
  finish();
}

TEST_P(PacketPumpTunTest, writes_to_a_tun_that_is_down_are_reported_and_dropped) {
  ASSERT_TRUE(run("ip link set pump0 down"));
  Bytes<20> packet{0x45};
  const iovec part{packet.data(), packet.size()};
  for (int i = 0; i < 3; ++i)
    pump_->write_packet({&part, 1});
  pump_->wake();
  pump_->wait();
  pump_->wake();
  pump_->wait();
  EXPECT_EQ(errors_.refused_writes.size(), 3u);
}

TEST_P(PacketPumpTunTest, deletion_of_the_tun_is_told_once_and_the_sockets_go_on) {
  std::thread control([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_TRUE(run("ip link del pump0"));
  });
  bool gone = false;
  for (int i = 0; i < 100 && !gone; ++i)
    gone = pump_->wait().tun_gone;
  control.join();
  EXPECT_TRUE(gone);
  PlainSocket peer(AF_INET);
  ASSERT_TRUE(peer.send(Bytes<10>{}, self_));
  const auto input = pump_->wait();
  EXPECT_EQ(input.datagrams.size(), 1u);
  EXPECT_TRUE(input.tun_gone);
}

TEST_P(PacketPumpTunTest, the_interface_is_gone_when_pump_and_device_are_destroyed) {
  start();
  PlainSocket inside(AF_INET);
  ASSERT_TRUE(inside.send(Bytes<10>{}, v4_endpoint("10.7.0.2", 7)));
  finish();
  device_.reset();
  EXPECT_FALSE(run("ip link show pump0"));
}

// A slow interface fills the socket's buffer again and again.
TEST_P(PacketPumpTunTest, a_full_socket_buffer_loses_and_reorders_nothing) {
  if (!run("tc qdisc add dev lo root tbf rate 200mbit burst 64kb limit 64mb")) {
    GTEST_SKIP() << "needs tc and its token bucket";
  }
  const OnOneCpu pinned;
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets);
  const int room = 20000;
  ASSERT_EQ(setsockopt((*sockets)->fd_v4(0), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
  pump_->set_sockets(std::move(*sockets));
  pump_->wait();
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  std::vector<Bytes<1400>> payloads(50);
  std::uint32_t sent = 0;
  for (int round = 0; round < 60; ++round) {
    for (auto& payload : payloads) {
      store(MutByteSpan(payload), sent++);
      pump_->send({payload, &to, 0});
    }
    // The payloads are used again.
    for (pump_->wake(); pump_->wait().unsent; pump_->wake())
      poll(nullptr, 0, 1);
  }
  for (std::uint32_t number = 0; number < sent; ++number) {
    const auto got = sink.receive();
    ASSERT_TRUE(got);
    ASSERT_EQ(load<std::uint32_t>(*got), number);
  }
  EXPECT_TRUE(errors_.seen.empty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, PacketPumpTunTest,
                         testing::Values(test::Driver::kUring, test::Driver::kUringAndPoll,
                                         test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
