// Where the kernel says that a datagram was sent, and datagrams with heads.
#include "proxy/datagram_io.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr int kOn = 1;

UniqueFd bound(const char* address) {
  const Endpoint at = endpoint_at(*IpAddress::parse(address), 0);
  UniqueFd made(socket(at.remote.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(bind(made.get(), &at.remote.any, at.remote_size()), 0);
  return made;
}

struct Told {
  std::string payload;
  Endpoint from;
  Endpoint to;
};

// To a socket that is bound to all addresses, from one that is bound to this one.
Told send_and_receive(const UniqueFd& receiver, const char* address) {
  const UniqueFd sender = bound(address);
  const Endpoint target = endpoint_at(*IpAddress::parse(address), port_of(local_address(receiver)));
  EXPECT_TRUE(send_datagram(sender.get(), false, target, "head, ", "payload"));
  std::array<char, 100> buffer{};
  Told told;
  const ssize_t got = receive_with_target(receiver.get(), buffer, told.from, told.to);
  EXPECT_GT(got, 0);
  told.payload.assign(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  EXPECT_EQ(told.from, local_address(sender));
  return told;
}

TEST(DatagramIo, TheOriginalTargetOfIpv4) {
  const UniqueFd receiver = bound("0.0.0.0");
  ASSERT_EQ(setsockopt(receiver.get(), IPPROTO_IP, IP_RECVORIGDSTADDR, &kOn, sizeof kOn), 0);
  const Told told = send_and_receive(receiver, "127.0.0.1");
  EXPECT_EQ(told.payload, "head, payload");
  EXPECT_EQ(told.to, endpoint_at(*IpAddress::parse("127.0.0.1"), port_of(local_address(receiver))));
}

TEST(DatagramIo, TheOriginalTargetOfIpv6) {
  const UniqueFd receiver = bound("::");
  ASSERT_EQ(setsockopt(receiver.get(), IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, &kOn, sizeof kOn), 0);
  const Told told = send_and_receive(receiver, "::1");
  EXPECT_EQ(told.to, endpoint_at(*IpAddress::parse("::1"), port_of(local_address(receiver))));
}

TEST(DatagramIo, TheAddressAloneOfPacketInformation) {
  const UniqueFd four = bound("0.0.0.0");
  ASSERT_EQ(setsockopt(four.get(), IPPROTO_IP, IP_PKTINFO, &kOn, sizeof kOn), 0);
  EXPECT_EQ(send_and_receive(four, "127.0.0.1").to, endpoint_at(*IpAddress::parse("127.0.0.1"), 0));
  const UniqueFd six = bound("::");
  ASSERT_EQ(setsockopt(six.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &kOn, sizeof kOn), 0);
  EXPECT_EQ(send_and_receive(six, "::1").to, endpoint_at(*IpAddress::parse("::1"), 0));
}

TEST(DatagramIo, WithoutAnOptionThereIsNoTarget) {
  const UniqueFd receiver = bound("0.0.0.0");
  EXPECT_FALSE(send_and_receive(receiver, "127.0.0.1").to.is_set());
}

TEST(DatagramIo, AHeadNamesTheOtherEndOfAPair) {
  auto [ours, theirs] = stack::make_pair(SOCK_SEQPACKET);
  ASSERT_TRUE(has_heads(ours.get()));
  const Endpoint target = endpoint_at(*IpAddress::parse("192.0.2.1"), 53);
  ASSERT_TRUE(send_datagram(ours.get(), true, target, "head, ", "payload"));
  std::array<char, 100> buffer{};
  Endpoint named;
  const ssize_t got = receive_datagram(theirs.get(), true, buffer, named);
  ASSERT_EQ(got, 13);
  EXPECT_EQ(std::string(buffer.data(), 13), "head, payload");
  EXPECT_EQ(named, target);
}

TEST(DatagramIo, OnlyAPairOfPacketsHasHeads) {
  const auto [ours, theirs] = stack::make_pair(SOCK_STREAM);
  EXPECT_FALSE(has_heads(ours.get()));
  EXPECT_FALSE(has_heads(bound("127.0.0.1").get()));
  EXPECT_FALSE(has_heads(-1));
}

}  // namespace
}  // namespace wring::proxy
