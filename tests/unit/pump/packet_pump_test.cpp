#include <dirent.h>
#include <gmock/gmock.h>

#include <chrono>
#include <numeric>
#include <thread>

#include "tests/support/sockets_for_tests.h"
#include "tests/unit/pump/pump_for_tests.h"

namespace wring {
namespace {

using test::PlainSocket;
using test::v4_endpoint;
using test::v6_endpoint;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class PacketPumpTest : public test::PumpTest {};

std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

std::vector<std::uint8_t> copy(ByteSpan bytes) {
  return {bytes.begin(), bytes.end()};
}

int open_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(folder) != nullptr)
    ++count;
  closedir(folder);
  return count;
}

TEST_P(PacketPumpTest, datagrams_of_every_size_come_in_whole) {
  for (const bool is_v4 : {true, false}) {
    PlainSocket peer(is_v4 ? AF_INET : AF_INET6);
    const Endpoint to =
        is_v4 ? v4_endpoint("127.0.0.1", sockets_->port()) : v6_endpoint("::1", sockets_->port());
    for (const std::size_t size : {0u, 1u, 31u, 148u, 1452u, 9000u, 65000u, 65507u}) {
      const auto payload = pattern(size);
      ASSERT_TRUE(peer.send(payload, to)) << size;
      const auto input = pump_->wait();
      ASSERT_EQ(input.datagrams.size(), 1u) << size;
      EXPECT_EQ(copy(input.datagrams[0].payload), payload);
      EXPECT_EQ(input.datagrams[0].from.is_v4(), is_v4);
      EXPECT_NE(input.datagrams[0].from.source_ifindex, 0u);
    }
  }
}

TEST_P(PacketPumpTest, datagrams_of_every_size_go_out_whole) {
  PlainSocket v4(AF_INET);
  PlainSocket v6(AF_INET6);
  ASSERT_TRUE(v4.bind_to(v4_endpoint("127.0.0.1", 0)));
  ASSERT_TRUE(v6.bind_to(v6_endpoint("::1", 0)));
  const Endpoint to_v4 = v4_endpoint("127.0.0.1", v4.port());
  const Endpoint to_v6 = v6_endpoint("::1", v6.port());
  for (const std::size_t size : {0u, 1u, 31u, 148u, 1452u, 9000u, 65507u}) {
    const auto payload = pattern(size);
    pump_->send({payload, &to_v4, 0});
    pump_->send({payload, &to_v6, 0});
    turn();
    EXPECT_EQ(v4.receive(), payload);
    EXPECT_EQ(v6.receive(), payload);
  }
  EXPECT_THAT(errors_.seen, IsEmpty());
}

TEST_P(PacketPumpTest, a_reply_leaves_from_the_address_that_was_asked) {  // P29
  PlainSocket peer(AF_INET);
  ASSERT_TRUE(peer.send(Bytes<4>{1}, v4_endpoint("127.0.0.7", sockets_->port())));
  const auto input = pump_->wait();
  ASSERT_EQ(input.datagrams.size(), 1u);
  const Bytes<1> answer{2};
  pump_->send({answer, &input.datagrams[0].from, 0});
  turn();
  sockaddr_in from{};
  socklen_t size = sizeof from;
  Bytes<4> room;
  ASSERT_EQ(
      recvfrom(peer.fd(), room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size),
      1);
  EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x7f000007u);
}

TEST_P(PacketPumpTest, more_output_than_the_queue_holds_leaves_in_order) {
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  std::vector<std::uint32_t> numbers(2000);
  std::iota(numbers.begin(), numbers.end(), 0u);
  for (const auto& number : numbers) {
    pump_->send({{reinterpret_cast<const std::uint8_t*>(&number), sizeof number}, &to, 0});
  }
  turn();
  for (const std::uint32_t number : numbers) {
    const auto got = sink.receive();
    ASSERT_TRUE(got);
    ASSERT_EQ(load<std::uint32_t>(*got), number);
  }
}

TEST_P(PacketPumpTest, a_batch_has_at_most_64_datagrams_and_the_rest_comes_next_in_order) {
  PlainSocket peer(AF_INET);
  const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
  for (std::uint32_t i = 0; i < 500; ++i) {
    Bytes<4> payload;
    store(MutByteSpan(payload), i);
    ASSERT_TRUE(peer.send(payload, to));
  }
  std::uint32_t expected = 0;
  for (int turns = 0; expected < 500 && turns < 500; ++turns) {
    const auto input = pump_->wait();
    EXPECT_LE(input.datagrams.size(), 64u);
    for (const auto& datagram : input.datagrams) {
      ASSERT_EQ(load<std::uint32_t>(datagram.payload), expected++);
    }
  }
  EXPECT_EQ(expected, 500u);
}

TEST_P(PacketPumpTest, what_is_sent_from_received_buffers_is_not_overwritten_by_what_comes_next) {
  PlainSocket peer(AF_INET);
  ASSERT_TRUE(peer.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
  for (std::uint32_t round = 0; round < 300; ++round) {
    // Nearly three times the buffers: each is filled again while echoes of the batch before are
    // queued.
    const std::uint32_t first = round * 180;
    for (std::uint32_t number = first; number < first + 180; ++number) {
      Bytes<4> payload;
      store(MutByteSpan(payload), number);
      ASSERT_TRUE(peer.send(payload, to));
    }
    for (std::size_t echoed = 0; echoed < 180;) {
      const auto input = pump_->wait();
      for (const auto& datagram : input.datagrams) {
        pump_->send({datagram.payload, &datagram.from, 0});
      }
      echoed += input.datagrams.size();
    }
    turn();
    for (std::uint32_t number = first; number < first + 180; ++number) {
      const auto got = peer.receive();
      ASSERT_TRUE(got);
      ASSERT_EQ(load<std::uint32_t>(*got), number);
    }
  }
}

TEST_P(PacketPumpTest, a_family_without_a_socket_is_an_error_of_that_datagram) {
  const Endpoint to = v6_endpoint("::1", 9);
  pump_->set_sockets(nullptr);
  turn();
  const Bytes<5> payload{};
  pump_->send({payload, &to, 0});
  EXPECT_THAT(errors_.seen, IsEmpty());
  turn();
  EXPECT_THAT(errors_.seen, ElementsAre(Pair(5u, EAFNOSUPPORT)));
}

TEST_P(PacketPumpTest, a_send_that_fails_is_reported_and_the_others_pass) {
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  const Endpoint good = v4_endpoint("127.0.0.1", sink.port());
  const Endpoint bad = v4_endpoint("255.255.255.255", 9);  // broadcast was not asked for
  const Bytes<1> first{1};
  const Bytes<7> second{};
  const Bytes<1> third{2};
  pump_->send({first, &good, 0});
  pump_->send({second, &bad, 0});
  pump_->send({third, &good, 0});
  turn();
  EXPECT_EQ(sink.receive(), std::vector<std::uint8_t>{1});
  EXPECT_EQ(sink.receive(), std::vector<std::uint8_t>{2});
  EXPECT_THAT(errors_.seen, ElementsAre(Pair(7u, EACCES)));
}

// The pump may hear of the wake while it reports failures.
TEST_P(PacketPumpTest, a_wake_beside_failures_is_not_lost) {
  const Endpoint to = v6_endpoint("::1", 9);
  pump_->set_sockets(nullptr);
  turn();
  const Bytes<5> payload{};
  for (std::size_t round = 1; round <= 20; ++round) {
    // A wait that a packet ends leaves the request for a wake armed.
    ASSERT_EQ(::send(far_.get(), "packet", 6, 0), 6);
    ASSERT_EQ(pump_->wait().packets.size(), 1u);
    pump_->send({payload, &to, 0});
    turn();
    ASSERT_EQ(errors_.seen.size(), round);
  }
}

TEST_P(PacketPumpTest, a_failed_send_can_be_repeated_without_its_source) {  // P29
  PlainSocket sink(AF_INET);
  ASSERT_TRUE(sink.bind_to(v4_endpoint("127.0.0.1", 0)));
  Endpoint to = v4_endpoint("127.0.0.1", sink.port());
  inet_pton(AF_INET, "192.0.2.77", &to.source.v4);
  to.source_ifindex = 1;
  errors_.retry_without_source = pump_.get();
  const Bytes<1> payload{7};
  pump_->send({payload, &to, 0});
  turn();
  EXPECT_EQ(errors_.seen.size(), 1u);
  EXPECT_EQ(sink.receive(), std::vector<std::uint8_t>{7});
}

TEST_P(PacketPumpTest, packets_cross_to_and_from_the_tun_with_room_behind_them) {
  const auto packet = pattern(65500);
  ASSERT_EQ(::send(far_.get(), packet.data(), packet.size(), 0), 65500);
  const auto input = pump_->wait();
  ASSERT_EQ(input.packets.size(), 1u);
  EXPECT_EQ(copy(input.packets[0].bytes), packet);
  std::fill_n(input.packets[0].bytes.data() + 65500, 16, std::uint8_t{0});
  const iovec part{input.packets[0].bytes.data(), input.packets[0].bytes.size()};
  pump_->write_packet({&part, 1});
  turn();
  std::vector<std::uint8_t> room(65536);
  ASSERT_EQ(::recv(far_.get(), room.data(), room.size(), 0), 65500);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), room.begin()));
  EXPECT_THAT(errors_.refused_writes, IsEmpty());
}

TEST_P(PacketPumpTest, a_refused_write_is_reported_with_its_parts_which_can_be_written_apart) {
  // More than the socket behind this TUN takes at once.
  std::vector<std::uint8_t> large(400000);
  const iovec parts[] = {{large.data(), 1000}, {large.data(), large.size()}, {large.data(), 2000}};
  const iovec before{large.data(), 10};
  const iovec after{large.data(), 20};
  errors_.write_parts_apart = pump_.get();
  pump_->write_packet({&before, 1});
  pump_->write_packet(parts);
  pump_->write_packet({&after, 1});
  EXPECT_THAT(errors_.refused_writes, IsEmpty());
  turn();
  EXPECT_THAT(errors_.refused_writes, ElementsAre(Pair(3u, EMSGSIZE), Pair(1u, EMSGSIZE)));
  for (const ssize_t size : {10, 20, 1000, 2000}) {
    EXPECT_EQ(::recv(far_.get(), large.data(), large.size(), MSG_DONTWAIT), size);
  }
}

TEST_P(PacketPumpTest, a_wake_before_wait_is_not_lost_and_wakes_only_once) {
  pump_->wake();
  pump_->wake();
  const auto input = pump_->wait();
  EXPECT_TRUE(input.packets.empty() && input.datagrams.empty() && !input.tun_gone);

  std::thread waker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    pump_->wake();
  });
  const auto start = std::chrono::steady_clock::now();
  pump_->wait();
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(40));
  waker.join();
}

TEST_P(PacketPumpTest, replaced_sockets_are_let_go_of_and_the_new_ones_take_over) {
  PlainSocket peer(AF_INET);
  std::uint32_t received = 0;
  for (int swap = 0; swap < 50; ++swap) {
    const Endpoint to = v4_endpoint("127.0.0.1", sockets_->port());
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(peer.send(Bytes<4>{}, to));
    received += static_cast<std::uint32_t>(pump_->wait().datagrams.size());
    const std::weak_ptr<const UdpSockets> old = sockets_;
    const std::uint16_t old_port = sockets_->port();
    open_sockets();
    turn();
    EXPECT_TRUE(old.expired());
    const auto again = UdpSockets::open(old_port, 0, 1);
    EXPECT_TRUE(again) << again.error().message;
  }
  EXPECT_GE(received, 50u);
}

TEST_P(PacketPumpTest, sockets_can_be_replaced_by_another_thread_under_traffic) {
  std::atomic<bool> done = false;
  std::thread control([&] {
    PlainSocket peer(AF_INET);
    for (int swap = 0; swap < 200; ++swap) {
      auto next = UdpSockets::open(0, 0, 1);
      ASSERT_TRUE(next);
      const Endpoint to = v4_endpoint("127.0.0.1", (*next)->port());
      pump_->set_sockets(*next);
      for (int i = 0; i < 20; ++i)
        peer.send(Bytes<100>{}, to);
    }
    done = true;
    pump_->wake();
  });
  std::size_t received = 0;
  while (!done) {
    const auto input = pump_->wait();
    received += input.datagrams.size();
    for (const auto& datagram : input.datagrams)
      pump_->send({datagram.payload, &datagram.from, 0});
  }
  control.join();
  EXPECT_GT(received, 0u);
}

TEST_P(PacketPumpTest, no_descriptor_and_no_port_is_left_behind) {
  const int before = open_descriptors();
  for (int i = 0; i < 20; ++i) {
    auto pump = test::make_pump_on(GetParam(), tun_.get(), errors_);
    ASSERT_TRUE(pump);
    auto sockets = UdpSockets::open(0, 0, 1);
    ASSERT_TRUE(sockets);
    const std::uint16_t port = (*sockets)->port();
    (*pump)->set_sockets(std::move(*sockets));
    (*pump)->wait();
    (*pump)->wake();
    (*pump)->wait();
    pump->reset();
    EXPECT_TRUE(UdpSockets::open(port, 0, 1));
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(PacketPumpTest, a_pump_that_never_ran_is_destroyed_like_any_other) {
  auto pump = test::make_pump_on(GetParam(), tun_.get(), errors_);
  ASSERT_TRUE(pump);
  (*pump)->set_sockets(sockets_);
}

INSTANTIATE_TEST_SUITE_P(Drivers, PacketPumpTest,
                         testing::Values(test::Driver::kUring, test::Driver::kEpoll),
                         test::name_of);

}  // namespace
}  // namespace wring
