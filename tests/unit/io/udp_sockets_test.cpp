#include "io/udp_sockets.h"

#include <gmock/gmock.h>
#include <netinet/ip.h>
#include <sys/syscall.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "io/datagram_headers.h"
#include "tests/support/child_process.h"
#include "tests/support/sockets_for_tests.h"

namespace wring {
namespace {

using test::deny;
using test::in_child;
using test::PlainSocket;
using test::v4_endpoint;
using test::v6_endpoint;
using testing::HasSubstr;

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd, level, name, &value, &size);
  return value;
}

// What one recvmsg on a socket of ours tells.
std::optional<ReceivedDatagram> receive_from(int fd, MutByteSpan room) {
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, 2000) != 1) return std::nullopt;
  Bytes<kNameRoom> name{};
  alignas(cmsghdr) Bytes<kControlRoom> control{};
  iovec payload{room.data(), room.size()};
  msghdr message{};
  message.msg_name = name.data();
  message.msg_namelen = name.size();
  message.msg_iov = &payload;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(fd, &message, 0);
  EXPECT_EQ(message.msg_flags & MSG_CTRUNC, 0);
  ReceivedDatagram datagram;
  if (size < 0 || !read_headers(ByteSpan(name).first(message.msg_namelen),
                                ByteSpan(control).first(message.msg_controllen), datagram)) {
    return std::nullopt;
  }
  datagram.payload = room.first(static_cast<std::size_t>(size));
  return datagram;
}

// P30
TEST(UdpSockets, port_zero_picks_one_that_both_families_share) {
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets) << sockets.error().message;
  const std::uint16_t port = (*sockets)->port();
  EXPECT_NE(port, 0);
  Bytes<16> room;
  PlainSocket v4(AF_INET);
  ASSERT_TRUE(v4.send(Bytes<4>{1}, v4_endpoint("127.0.0.1", port)));
  EXPECT_TRUE(receive_from((*sockets)->fd_v4(0), room));
  PlainSocket v6(AF_INET6);
  ASSERT_TRUE(v6.send(Bytes<4>{1}, v6_endpoint("::1", port)));
  EXPECT_TRUE(receive_from((*sockets)->fd_v6(0), room));
}

TEST(UdpSockets, path_mtu_discovery_is_off_and_the_buffers_are_large) {
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets);
  const int v4 = (*sockets)->fd_v4(0);
  const int v6 = (*sockets)->fd_v6(0);
  EXPECT_EQ(option_of(v4, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DONT);
  EXPECT_EQ(option_of(v6, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DONT);
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to make buffers larger than the system's limit";
  EXPECT_GE(option_of(v4, SOL_SOCKET, SO_RCVBUF), 8 << 20);
  EXPECT_GE(option_of(v6, SOL_SOCKET, SO_SNDBUF), 4 << 20);
}

std::string limit_of(const char* name) {
  std::string limit;
  std::ifstream("/proc/sys/net/core/" + std::string(name)) >> limit;
  return limit;
}

TEST(UdpSockets, say_how_much_room_they_got) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give a right up";
  const auto with_right = UdpSockets::open(0, 0, 1);
  ASSERT_EQ(seteuid(65534), 0);
  const auto without = UdpSockets::open(0, 0, 1);
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_TRUE(with_right && without);
  EXPECT_EQ((*with_right)->receive_room().got, 8 << 20);
  EXPECT_EQ((*with_right)->send_room().got, 4 << 20);
  EXPECT_EQ((*without)->receive_room().wanted, 8 << 20);
  EXPECT_EQ((*without)->receive_room().got, std::min(8 << 20, std::stoi(limit_of("rmem_max"))));
  EXPECT_EQ((*without)->send_room().got, std::min(4 << 20, std::stoi(limit_of("wmem_max"))));
}

// P37
TEST(UdpSockets, a_taken_port_is_refused_whatever_the_number_of_workers) {
  PlainSocket holder(AF_INET6);
  const int off = 0;
  setsockopt(holder.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  ASSERT_TRUE(holder.bind_to(v6_endpoint("::", 0)));
  for (const unsigned workers : {1u, 4u}) {
    auto sockets = UdpSockets::open(holder.port(), 0, workers);
    ASSERT_FALSE(sockets);
    EXPECT_EQ(sockets.error().code, EADDRINUSE);
    EXPECT_THAT(sockets.error().message, HasSubstr("choose another ListenPort"));
  }
}

TEST(UdpSockets, a_port_that_others_share_is_not_shared_with_them) {
  for (const unsigned theirs : {1u, 4u}) {
    auto first = UdpSockets::open(0, 0, theirs);
    ASSERT_TRUE(first);
    for (const unsigned ours : {1u, 4u}) {
      auto second = UdpSockets::open((*first)->port(), 0, ours);
      ASSERT_FALSE(second) << theirs << " against " << ours;
      EXPECT_EQ(second.error().code, EADDRINUSE);
    }
  }
}

TEST(UdpSockets, a_port_is_free_again_once_the_sockets_are_gone) {
  auto first = UdpSockets::open(0, 0, 4);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  first->reset();
  auto second = UdpSockets::open(port, 0, 4);
  EXPECT_TRUE(second) << second.error().message;
}

TEST(UdpSockets, a_word_chooses_the_worker_in_both_families) {
  constexpr unsigned kWorkers = 3;
  auto sockets = UdpSockets::open(0, 0, {kWorkers, 4});
  ASSERT_TRUE(sockets);
  // A stranger of the same user who joins the port later gets none of it.
  PlainSocket stranger(AF_INET);
  const int on = 1;
  setsockopt(stranger.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ASSERT_TRUE(stranger.bind_to(v4_endpoint("0.0.0.0", (*sockets)->port())));

  for (std::uint32_t index = 0; index < 64; ++index) {
    Bytes<32> message{4};
    store(MutByteSpan(message), Be<std::uint32_t>(index), 4);
    const unsigned worker = index % 3;
    Bytes<64> room;
    PlainSocket v4(AF_INET);  // another source port each time
    ASSERT_TRUE(v4.send(message, v4_endpoint("127.0.0.1", (*sockets)->port())));
    EXPECT_TRUE(receive_from((*sockets)->fd_v4(worker), room)) << index;
    PlainSocket v6(AF_INET6);
    ASSERT_TRUE(v6.send(message, v6_endpoint("::1", (*sockets)->port())));
    EXPECT_TRUE(receive_from((*sockets)->fd_v6(worker), room)) << index;
  }
}

TEST(UdpSockets, a_datagram_too_short_for_the_word_comes_to_worker_0) {
  auto sockets = UdpSockets::open(0, 0, {4, 4});
  ASSERT_TRUE(sockets);
  Bytes<16> room;
  for (const std::size_t size : {0u, 4u, 7u}) {
    PlainSocket v4(AF_INET);
    ASSERT_TRUE(v4.send(ByteSpan(room).first(size), v4_endpoint("127.0.0.1", (*sockets)->port())));
    EXPECT_TRUE(receive_from((*sockets)->fd_v4(0), room)) << size;
  }
}

// P24, P29
TEST(UdpSockets, a_datagram_arrives_with_tos_and_leaves_from_the_address_that_was_asked) {
  auto server = UdpSockets::open(0, 0, 1);
  auto client = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(server && client);
  const Endpoint to = v4_endpoint("127.0.0.9", (*server)->port());
  ASSERT_EQ((*client)->send(0, {Bytes<4>{1, 2, 3, 4}, &to, 0x88}), 0);
  Bytes<64> room;
  const auto asked = receive_from((*server)->fd_v4(0), room);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->tos, 0x88);
  EXPECT_EQ(asked->from.source.v4.s_addr, to.remote.v4.sin_addr.s_addr);
  EXPECT_NE(asked->from.source_ifindex, 0u);

  ASSERT_EQ((*server)->send(0, {Bytes<4>{5}, &asked->from, 3}), 0);
  const auto answer = receive_from((*client)->fd_v4(0), room);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->from.remote.v4.sin_addr.s_addr, to.remote.v4.sin_addr.s_addr);
  EXPECT_EQ(answer->tos, 3);
}

// P24
TEST(UdpSockets, the_traffic_class_crosses_ipv6) {
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets);
  const Endpoint to = v6_endpoint("::1", (*sockets)->port());
  ASSERT_EQ((*sockets)->send(0, {Bytes<4>{1}, &to, 0x88}), 0);
  Bytes<64> room;
  const auto datagram = receive_from((*sockets)->fd_v6(0), room);
  ASSERT_TRUE(datagram);
  EXPECT_EQ(datagram->tos, 0x88);
  EXPECT_EQ(datagram->payload.size(), 4u);
}

// P29
TEST(UdpSockets, a_source_that_is_no_longer_ours_is_an_error_and_without_it_the_send_works) {
  auto sockets = UdpSockets::open(0, 0, 1);
  ASSERT_TRUE(sockets);
  Endpoint v4 = v4_endpoint("127.0.0.1", (*sockets)->port());
  inet_pton(AF_INET, "192.0.2.77", &v4.source.v4);
  v4.source_ifindex = 1;
  EXPECT_NE((*sockets)->send(0, {Bytes<4>{1}, &v4, 0}), 0);
  v4.clear_source();
  EXPECT_EQ((*sockets)->send(0, {Bytes<4>{1}, &v4, 0}), 0);
  Endpoint v6 = v6_endpoint("::1", (*sockets)->port());
  inet_pton(AF_INET6, "2001:db8::77", &v6.source.v6);
  v6.source_ifindex = 1;
  EXPECT_NE((*sockets)->send(0, {Bytes<4>{1}, &v6, 0}), 0);
  v6.clear_source();
  EXPECT_EQ((*sockets)->send(0, {Bytes<4>{1}, &v6, 0}), 0);
}

// P30
TEST(UdpSockets, the_fwmark_can_be_set_changed_and_taken_off) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to set a fwmark";
  auto sockets = UdpSockets::open(0, 0xca6c, 2);
  ASSERT_TRUE(sockets) << sockets.error().message;
  for (const unsigned mark : {0xca6cu, 0xffffffffu, 0u}) {
    ASSERT_TRUE((*sockets)->set_fwmark(mark));
    for (const int fd : {(*sockets)->fd_v4(1), (*sockets)->fd_v6(1)}) {
      EXPECT_EQ(static_cast<unsigned>(option_of(fd, SOL_SOCKET, SO_MARK)), mark);
    }
  }
}

// P30
TEST(UdpSockets, a_host_without_ipv6_works_on_ipv4) {
  EXPECT_EQ(in_child([] {
              deny(SYS_socket, EAFNOSUPPORT, AF_INET6);
              auto sockets = UdpSockets::open(0, 0, 4);
              if (!sockets || (*sockets)->fd_v4(3) < 0 || (*sockets)->fd_v6(0) != -1) return 1;
              const Endpoint v6 = v6_endpoint("::1", 1);
              if ((*sockets)->send(0, {Bytes<4>{}, &v6, 0}) != EAFNOSUPPORT) return 2;
              const Endpoint v4 = v4_endpoint("127.0.0.1", (*sockets)->port());
              return (*sockets)->send(0, {Bytes<4>{}, &v4, 0});
            }),
            0);
}

// P30
TEST(UdpSockets, a_host_without_ipv4_works_on_ipv6) {
  EXPECT_EQ(in_child([] {
              deny(SYS_socket, EAFNOSUPPORT, AF_INET);
              auto sockets = UdpSockets::open(0, 0, 1);
              if (!sockets || (*sockets)->fd_v4(0) != -1 || (*sockets)->port() == 0) return 1;
              const Endpoint v6 = v6_endpoint("::1", (*sockets)->port());
              return (*sockets)->send(0, {Bytes<4>{}, &v6, 0});
            }),
            0);
}

}  // namespace
}  // namespace wring
