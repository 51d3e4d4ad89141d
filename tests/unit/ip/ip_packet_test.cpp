#include "ip/ip_packet.h"

#include <gtest/gtest.h>

#include "tests/support/packets.h"

namespace wring {
namespace {

Packet v4_packet() {
  return make_packet({.source = "192.0.2.1", .destination = "198.51.100.2"});
}
Packet v6_packet() {
  return make_packet({.source = "2001:db8::1", .destination = "2001:db8::2"});
}

DropReason refusal(ByteSpan bytes) {
  const auto view = inspect(bytes);
  return view ? DropReason::kCount : view.error();
}

TEST(IpPacket, shows_addresses_lengths_and_ecn) {
  Packet packet = make_packet({.source = "192.0.2.1", .destination = "198.51.100.2", .tos = 0xb9});
  const auto v4 = inspect(packet).value();
  EXPECT_EQ(to_string(source_of(packet)), "192.0.2.1");
  EXPECT_EQ(to_string(destination_of(packet)), "198.51.100.2");
  EXPECT_EQ(v4.header_length, 20U);
  EXPECT_EQ(v4.total_length, 28U);
  EXPECT_EQ(v4.ecn, 1);
  EXPECT_EQ(v4.version, 4);
  EXPECT_EQ(v4.protocol, 17);

  packet = make_packet({.source = "2001:db8::1", .destination = "2001:db8::2", .tos = 0xba});
  const auto v6 = inspect(packet).value();
  EXPECT_EQ(to_string(source_of(packet)), "2001:db8::1");
  EXPECT_EQ(to_string(destination_of(packet)), "2001:db8::2");
  EXPECT_EQ(v6.header_length, 40U);
  EXPECT_EQ(v6.total_length, 48U);
  EXPECT_EQ(v6.ecn, 2);
  EXPECT_EQ(v6.version, 6);
  EXPECT_EQ(v6.protocol, 17);
}

TEST(IpPacket, takes_the_length_of_the_header_and_not_of_the_padding) {  // P21
  for (Packet packet : {v4_packet(), v6_packet()}) {
    const std::size_t size = packet.size();
    packet.resize(size + 15);
    EXPECT_EQ(inspect(packet)->total_length, size);
  }
}

TEST(IpPacket, refuses_a_header_that_claims_more_than_was_sent) {  // P21
  for (Packet packet : {v4_packet(), v6_packet()}) {
    packet.pop_back();
    EXPECT_EQ(refusal(packet), DropReason::kInnerLength);
  }
}

TEST(IpPacket, an_ipv6_length_does_not_wrap_at_16_bits) {  // P21
  Packet packet = v6_packet();
  for (const unsigned payload : {65535U, 65496U, 65500U}) {
    store(MutByteSpan(packet), Be<std::uint16_t>(static_cast<std::uint16_t>(payload)), 4);
    EXPECT_EQ(refusal(packet), DropReason::kInnerLength) << payload;
  }
  packet.resize(65575);
  store(MutByteSpan(packet), Be<std::uint16_t>(65535), 4);
  EXPECT_EQ(inspect(packet)->total_length, 65575U);
}

TEST(IpPacket, refuses_an_ipv4_length_below_20) {
  Packet packet = v4_packet();
  for (std::uint16_t length = 0; length < 20; ++length) {
    store(MutByteSpan(packet), Be<std::uint16_t>(length), 2);
    EXPECT_EQ(refusal(packet), DropReason::kInnerLength) << length;
  }
  store(MutByteSpan(packet), Be<std::uint16_t>(20), 2);
  EXPECT_EQ(inspect(packet)->total_length, 20U);
}

TEST(IpPacket, refuses_ipv4_options_that_do_not_fit) {
  Packet packet = v4_packet();
  packet[0] = 0x44;
  EXPECT_EQ(refusal(packet), DropReason::kMalformedInner);
  packet[0] = 0x4f;
  EXPECT_EQ(refusal(packet), DropReason::kInnerLength);
  packet[0] = 0x47;
  EXPECT_EQ(inspect(packet)->header_length, 28U);
}

TEST(IpPacket, refuses_other_versions_and_headers_cut_short) {
  EXPECT_EQ(refusal({}), DropReason::kMalformedInner);
  for (const Packet& packet : {v4_packet(), v6_packet()}) {
    const std::size_t header = packet[0] >> 4 == 4 ? 20 : 40;
    for (std::size_t size = 1; size < header; ++size) {
      // A copy of exactly this size, so that a read past it shows.
      const Packet cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(refusal(cut), DropReason::kMalformedInner) << size;
    }
    Packet other = packet;
    for (const unsigned version : {0U, 1U, 2U, 3U, 5U, 7U, 15U}) {
      other[0] = static_cast<std::uint8_t>(version << 4 | 5);
      EXPECT_EQ(refusal(other), DropReason::kMalformedInner) << version;
    }
  }
}

}  // namespace
}  // namespace wring
