#include "io/datagram_headers.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/ip.h>

#include <cstring>

namespace wring {
namespace {

Endpoint v4_endpoint() {
  Endpoint endpoint;
  endpoint.remote.v4.sin_family = AF_INET;
  endpoint.remote.v4.sin_port = htons(51820);
  inet_pton(AF_INET, "192.0.2.1", &endpoint.remote.v4.sin_addr);
  return endpoint;
}

Endpoint v6_endpoint(const char* address) {
  Endpoint endpoint;
  endpoint.remote.v6.sin6_family = AF_INET6;
  endpoint.remote.v6.sin6_port = htons(51820);
  inet_pton(AF_INET6, address, &endpoint.remote.v6.sin6_addr);
  return endpoint;
}

// The control message of the given kind, by the C library's own walk; null if there is none.
const cmsghdr* find(const msghdr& message, int level, int type) {
  auto copy = message;
  for (cmsghdr* header = CMSG_FIRSTHDR(&copy); header != nullptr;
       header = CMSG_NXTHDR(&copy, header)) {
    if (header->cmsg_level == level && header->cmsg_type == type) return header;
  }
  return nullptr;
}

template <typename T>
T data_of(const cmsghdr* header) {
  T value;
  std::memcpy(&value, CMSG_DATA(header), sizeof value);
  return value;
}

TEST(SendHeader, a_plain_datagram_carries_no_control_messages) {
  const Endpoint to = v4_endpoint();
  const Bytes<3> payload{1, 2, 3};
  SendHeader header;
  header.fill({payload, &to, 0});
  const msghdr& message = header.message();
  EXPECT_EQ(message.msg_controllen, 0u);
  EXPECT_EQ(message.msg_name, &to.remote);
  EXPECT_EQ(message.msg_namelen, 16u);
  ASSERT_EQ(message.msg_iovlen, 1u);
  EXPECT_EQ(message.msg_iov->iov_base, payload.data());
  EXPECT_EQ(message.msg_iov->iov_len, 3u);
}

// P24, P29
TEST(SendHeader, source_address_and_tos_of_ipv4_become_control_messages) {
  Endpoint to = v4_endpoint();
  inet_pton(AF_INET, "198.51.100.7", &to.source.v4);
  to.source_ifindex = 3;
  SendHeader header;
  header.fill({{}, &to, 0x88});
  const cmsghdr* info = find(header.message(), IPPROTO_IP, IP_PKTINFO);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(data_of<in_pktinfo>(info).ipi_spec_dst.s_addr, to.source.v4.s_addr);
  EXPECT_EQ(data_of<in_pktinfo>(info).ipi_ifindex, 0) << "the routing table chooses the interface";
  const cmsghdr* tos = find(header.message(), IPPROTO_IP, IP_TOS);
  ASSERT_NE(tos, nullptr);
  EXPECT_EQ(data_of<int>(tos), 0x88);
}

// P24, P29
TEST(SendHeader, source_address_and_traffic_class_of_ipv6_become_control_messages) {
  Endpoint to = v6_endpoint("2001:db8::1");
  inet_pton(AF_INET6, "2001:db8::2", &to.source.v6);
  to.source_ifindex = 3;
  SendHeader header;
  header.fill({{}, &to, 1});
  EXPECT_EQ(header.message().msg_namelen, 28u);
  const cmsghdr* info = find(header.message(), IPPROTO_IPV6, IPV6_PKTINFO);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(data_of<in6_pktinfo>(info).ipi6_ifindex, 0u);
  EXPECT_EQ(std::memcmp(CMSG_DATA(info), &to.source.v6, 16), 0);
  const cmsghdr* tos = find(header.message(), IPPROTO_IPV6, IPV6_TCLASS);
  ASSERT_NE(tos, nullptr);
  EXPECT_EQ(data_of<int>(tos), 1);
}

TEST(SendHeader, a_hop_limit_of_its_own_fits_beside_all_the_others) {
  for (const bool v6 : {false, true}) {
    Endpoint to = v6 ? v6_endpoint("2001:db8::1") : v4_endpoint();
    std::memset(&to.source, 1, v6 ? 16 : 4);
    to.source_ifindex = 3;
    SendHeader header;
    header.fill({{}, &to, 1, 1200, 56});
    EXPECT_LE(header.message().msg_controllen, kControlRoom);
    const cmsghdr* hops = v6 ? find(header.message(), IPPROTO_IPV6, IPV6_HOPLIMIT)
                             : find(header.message(), IPPROTO_IP, IP_TTL);
    ASSERT_NE(hops, nullptr);
    EXPECT_EQ(data_of<int>(hops), 56);
    header.fill({{}, &to, 1, 1200});
    EXPECT_EQ(find(header.message(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HOPLIMIT : IP_TTL),
              nullptr);
  }
}

TEST(SendHeader, a_link_local_source_names_its_interface) {
  Endpoint to = v6_endpoint("fe80::1");
  to.remote.v6.sin6_scope_id = 3;
  inet_pton(AF_INET6, "fe80::2", &to.source.v6);
  to.source_ifindex = 3;
  SendHeader header;
  header.fill({{}, &to, 0});
  const cmsghdr* info = find(header.message(), IPPROTO_IPV6, IPV6_PKTINFO);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(data_of<in6_pktinfo>(info).ipi6_ifindex, 3u);
}

// Control messages as the kernel writes them.
struct ControlBuffer {
  alignas(cmsghdr) Bytes<128> bytes{};
  std::size_t size = 0;

  template <typename T>
  void put(int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    store(bytes, header, size);
    store(bytes, value, size + CMSG_LEN(0));
    size += CMSG_SPACE(sizeof value);
  }
  [[nodiscard]] ByteSpan span() const { return ByteSpan(bytes).first(size); }
};

template <typename T>
ByteSpan raw(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

TEST(ReadHeaders, an_ipv4_datagram_tells_sender_local_address_interface_and_tos) {
  Endpoint expected = v4_endpoint();
  inet_pton(AF_INET, "198.51.100.7", &expected.source.v4);
  expected.source_ifindex = 4;
  in_pktinfo info{};
  info.ipi_spec_dst = expected.source.v4;
  info.ipi_ifindex = 4;
  ControlBuffer control;
  control.put(IPPROTO_IP, IP_TOS, std::uint8_t{3});
  control.put(IPPROTO_IP, IP_PKTINFO, info);
  sockaddr_in name = expected.remote.v4;
  name.sin_zero[0] = 7;  // no part of the address
  ReceivedDatagram datagram;
  ASSERT_TRUE(read_headers(raw(name), control.span(), datagram));
  EXPECT_TRUE(datagram.from == expected);
  EXPECT_EQ(datagram.tos, 3);
}

TEST(ReadHeaders, an_ipv6_datagram_keeps_its_zone_and_drops_the_flow_label) {
  Endpoint expected = v6_endpoint("fe80::1");
  expected.remote.v6.sin6_scope_id = 4;
  inet_pton(AF_INET6, "fe80::2", &expected.source.v6);
  expected.source_ifindex = 4;
  in6_pktinfo info{};
  info.ipi6_addr = expected.source.v6;
  info.ipi6_ifindex = 4;
  ControlBuffer control;
  control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  control.put(IPPROTO_IPV6, IPV6_TCLASS, int{2});
  sockaddr_in6 name = expected.remote.v6;
  name.sin6_flowinfo = 9;
  ReceivedDatagram datagram;
  ASSERT_TRUE(read_headers(raw(name), control.span(), datagram));
  EXPECT_TRUE(datagram.from == expected);
  EXPECT_EQ(datagram.tos, 2);
}

TEST(ReadHeaders, nothing_is_left_of_the_datagram_before) {
  ReceivedDatagram datagram;
  datagram.tos = 3;
  datagram.from.source_ifindex = 9;
  const Endpoint from = v4_endpoint();
  ASSERT_TRUE(read_headers(raw(from.remote.v4), {}, datagram));
  EXPECT_TRUE(datagram.from == from);
  EXPECT_EQ(datagram.tos, 0);
}

TEST(ReadHeaders, an_unknown_family_or_a_short_name_is_refused) {
  ReceivedDatagram datagram;
  sockaddr_in name = v4_endpoint().remote.v4;
  EXPECT_FALSE(read_headers({}, {}, datagram));
  EXPECT_FALSE(read_headers(raw(name).first(15), {}, datagram));
  name.sin_family = AF_UNIX;
  EXPECT_FALSE(read_headers(raw(name), {}, datagram));
}

TEST(ReadHeaders, control_messages_with_a_wrong_length_end_the_walk) {
  const Endpoint from = v4_endpoint();
  for (const std::size_t length : {0ul, 15ul, 25ul, ~0ul}) {
    ControlBuffer control;
    control.put(IPPROTO_IP, IP_TOS, std::uint8_t{3});
    store(MutByteSpan(control.bytes), length);
    ReceivedDatagram datagram;
    EXPECT_TRUE(read_headers(raw(from.remote.v4), control.span(), datagram));
    EXPECT_EQ(datagram.tos, 0);
  }
}

}  // namespace
}  // namespace wring
