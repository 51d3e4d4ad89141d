// Messages of WireGuard as payload of inner packets: which are seen, and which are our own.
#include "peer/nested_message.h"

#include <gtest/gtest.h>

#include "ip/endpoint_parse.h"
#include "tests/support/packets.h"
#include "tests/support/sessions.h"

namespace wring {
namespace {

// A UDP header from port 51820 to port 5000, and a message of this type and index behind it.
Packet message_of(std::uint32_t type, std::uint32_t index) {
  Packet payload(sizeof(UdpHeader) + 148);
  store(MutByteSpan(payload), UdpHeader{51820, 5000, 156, 0});
  store(MutByteSpan(payload), Le<std::uint32_t>(type), 8);
  store(MutByteSpan(payload), Le<std::uint32_t>(index), 12);
  return payload;
}

Packet packet_v4(std::uint32_t type, std::uint32_t index = 8) {
  return make_packet(
      {.source = "192.0.2.1", .destination = "192.0.2.2", .payload = message_of(type, index)});
}

Packet packet_v6(std::uint32_t type, std::uint32_t index = 8) {
  return make_packet(
      {.source = "2001:db8::1", .destination = "2001:db8::2", .payload = message_of(type, index)});
}

// With the packet's own view, whatever its length is.
std::size_t message_at(ByteSpan packet) {
  Packet whole(packet.begin(), packet.end());
  whole.resize(packet.size() + 200);
  return nested_message_at(packet, inspect(whole).value());
}

TEST(NestedMessage, is_seen_behind_the_udp_header_of_either_version) {
  for (const std::uint32_t type : {1U, 2U, 3U, 4U}) {
    EXPECT_EQ(message_at(packet_v4(type)), 20U);
    EXPECT_EQ(message_at(packet_v6(type)), 40U);
  }
  for (const std::uint32_t type : {0U, 5U, 0x0104U, 0x04000000U}) {
    EXPECT_EQ(message_at(packet_v4(type)), 0U) << type;
    EXPECT_EQ(message_at(packet_v6(type)), 0U) << type;
  }
}

TEST(NestedMessage, is_seen_behind_ipv4_options) {
  Packet packet = packet_v4(4);
  packet[0] = 0x46;
  packet.insert(packet.begin() + 20, 4, 0);
  EXPECT_EQ(message_at(packet), 24U);
}

TEST(NestedMessage, is_not_seen_in_another_protocol_nor_where_it_is_cut_short) {
  Packet tcp = packet_v4(4);
  tcp[9] = 6;
  EXPECT_EQ(message_at(tcp), 0U);
  for (const Packet& whole : {packet_v4(4), packet_v6(4)}) {
    const std::size_t udp = message_at(whole);
    EXPECT_EQ(message_at(ByteSpan(whole).first(udp + 8 + 16)), udp);
    EXPECT_EQ(message_at(ByteSpan(whole).first(udp + 8 + 15)), 0U);
  }
}

TEST(NestedMessage, is_seen_in_the_first_fragment_alone) {
  Packet v4 = packet_v4(4);
  v4[6] = 0x20;  // more fragments
  EXPECT_EQ(message_at(v4), 20U);
  v4[7] = 1;
  EXPECT_EQ(message_at(v4), 0U);

  Packet v6 = packet_v6(4);
  v6[6] = 44;
  const Bytes<8> fragment{17, 0, 0, 1, 0, 0, 0, 9};
  v6.insert(v6.begin() + 40, fragment.begin(), fragment.end());
  EXPECT_EQ(message_at(v6), 48U);
  EXPECT_EQ(message_at(ByteSpan(v6).first(47)), 0U);
  v6[43] = 9;  // offset 8
  EXPECT_EQ(message_at(v6), 0U);
  v6[43] = 1;
  v6[40] = 6;
  EXPECT_EQ(message_at(v6), 0U);
}

TEST(NestedMessage, lowers_the_hop_limit_until_none_is_left) {
  Packet v4 = packet_v4(4);
  Packet v6 = packet_v6(4);
  const auto expect = [&](std::uint8_t inner, unsigned outer) {
    v4[8] = inner;
    v6[7] = inner;
    EXPECT_EQ(outer_hop_limit(v4), outer);
    EXPECT_EQ(outer_hop_limit(v6), outer);
  };
  expect(255, 64);
  expect(72, 64);
  expect(64, 56);
  expect(9, 1);
  expect(8, 0);
  expect(0, 0);
}

class OwnMessage : public testing::TestWithParam<bool> {
 protected:
  [[nodiscard]] static Packet packet(std::uint32_t type, std::uint32_t index = 8) {
    return GetParam() ? packet_v6(type, index) : packet_v4(type, index);
  }
  [[nodiscard]] bool is_own(const Packet& packet, std::uint16_t listen_port = 51820) const {
    return is_own_message(packet, GetParam() ? 40 : 20,
                          {endpoint_, listen_port, nullptr, &session_});
  }
  void set_source(const char* address) {
    const Bytes<16> bytes = IpAddress::parse(address)->bytes;
    std::memcpy(&endpoint_.source, bytes.data(), GetParam() ? 16 : 4);
    endpoint_.source_ifindex = 3;
  }

  StagedMemory memory_;
  Peer peer_{PublicKey{}, 1, memory_};
  Session session_{peer_, keys_of_test(true, 7, 8), TimePoint{}};
  Endpoint endpoint_ = parse_endpoint(GetParam() ? "[2001:db8::2]:5000" : "192.0.2.2:5000").value();
};
INSTANTIATE_TEST_SUITE_P(Outer, OwnMessage, testing::Bool(),
                         [](const auto& each) { return each.param ? "v6" : "v4"; });

TEST_P(OwnMessage, is_data_for_a_session_of_the_peer) {
  EXPECT_TRUE(is_own(packet(4)));
  EXPECT_TRUE(is_own(packet(4), 1));  // whichever port we had
  EXPECT_FALSE(is_own(packet(4, 9)));
}

TEST_P(OwnMessage, goes_to_the_address_and_the_port_of_the_endpoint) {
  for (const char* other :
       {"192.0.2.3:5000", "192.0.2.2:5001", "[2001:db8::2]:5001", "[2001:db8::3]:5000"}) {
    endpoint_ = parse_endpoint(other).value();
    EXPECT_FALSE(is_own(packet(4))) << other;
    EXPECT_FALSE(is_own(packet(1))) << other;
  }
}

TEST_P(OwnMessage, is_a_handshake_message_from_our_port) {
  EXPECT_TRUE(is_own(packet(1, 99)));
  EXPECT_TRUE(is_own(packet(2, 99)));
  EXPECT_FALSE(is_own(packet(1, 99), 51821));
}

TEST_P(OwnMessage, is_a_handshake_message_from_our_address_where_it_is_known) {
  set_source(GetParam() ? "2001:db8::1" : "192.0.2.1");
  EXPECT_TRUE(is_own(packet(1)));
  set_source(GetParam() ? "2001:db8::9" : "192.0.2.9");
  EXPECT_FALSE(is_own(packet(1)));
}

TEST_P(OwnMessage, has_the_remote_of_the_same_family) {
  Endpoint same = endpoint_;
  same.source_ifindex = 7;
  EXPECT_TRUE(same_remote(endpoint_, same));
  EXPECT_FALSE(same_remote(endpoint_, parse_endpoint("192.0.2.2:5001").value()));
  EXPECT_FALSE(same_remote(endpoint_, parse_endpoint("[2001:db8::2]:5001").value()));
  EXPECT_FALSE(same_remote(endpoint_, Endpoint()));
  EXPECT_FALSE(same_remote(Endpoint(), endpoint_));
}

}  // namespace
}  // namespace wring
