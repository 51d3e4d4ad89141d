#include "ip/icmp.h"

#include <gtest/gtest.h>

#include <optional>

#include "ip/ip_packet.h"
#include "tests/support/packets.h"

namespace wring {
namespace {

// The answer; empty if there is none.
Packet answer_to(const Packet& packet) {
  Bytes<kMaxIcmpError> out;
  const std::size_t size = make_unreachable(packet, out);
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
}

PacketSpec v4_spec() {
  return {.source = "192.0.2.1", .destination = "198.51.100.2"};
}
PacketSpec v6_spec() {
  return {.source = "2001:db8::1", .destination = "2001:db8::2"};
}

std::uint16_t v6_sum(const Packet& answer) {
  InternetChecksum sum;
  sum.add(ByteSpan(answer).subspan(8, 32));
  sum.add(static_cast<std::uint16_t>(answer.size() - 40));
  sum.add(58);
  sum.add(ByteSpan(answer).subspan(40));
  return sum.value();
}

TEST(Icmp, an_ipv4_sender_is_told_that_the_host_is_unreachable) {  // P23
  const Packet packet = make_packet(v4_spec());
  const Packet answer = answer_to(packet);
  ASSERT_EQ(answer.size(), 20 + 8 + packet.size());
  const auto view = inspect(answer).value();
  EXPECT_EQ(view.total_length, answer.size());
  EXPECT_EQ(to_string(source_of(answer)), "198.51.100.2");
  EXPECT_EQ(to_string(destination_of(answer)), "192.0.2.1");
  EXPECT_EQ(answer[9], 1);   // ICMP
  EXPECT_EQ(answer[20], 3);  // destination unreachable
  EXPECT_EQ(answer[21], 1);  // host
  EXPECT_EQ(internet_checksum(ByteSpan(answer).first(20)), 0);
  EXPECT_EQ(internet_checksum(ByteSpan(answer).subspan(20)), 0);
  EXPECT_EQ(Packet(answer.begin() + 28, answer.end()), packet);
}

TEST(Icmp, an_ipv6_sender_is_told_that_the_address_is_unreachable) {  // P23
  const Packet packet = make_packet(v6_spec());
  const Packet answer = answer_to(packet);
  ASSERT_EQ(answer.size(), 40 + 8 + packet.size());
  const auto view = inspect(answer).value();
  EXPECT_EQ(view.total_length, answer.size());
  EXPECT_EQ(to_string(source_of(answer)), "2001:db8::2");
  EXPECT_EQ(to_string(destination_of(answer)), "2001:db8::1");
  EXPECT_EQ(answer[6], 58);  // ICMPv6
  EXPECT_EQ(answer[40], 1);  // destination unreachable
  EXPECT_EQ(answer[41], 3);  // address
  EXPECT_EQ(v6_sum(answer), 0);
  EXPECT_EQ(Packet(answer.begin() + 48, answer.end()), packet);
}

TEST(Icmp, an_answer_is_at_most_576_or_1280_bytes) {
  PacketSpec spec = v4_spec();
  spec.payload = Packet(1401, 0x33);
  Packet answer = answer_to(make_packet(spec));
  EXPECT_EQ(answer.size(), 576U);
  EXPECT_EQ(internet_checksum(ByteSpan(answer).subspan(20)), 0);
  spec = v6_spec();
  spec.payload = Packet(1401, 0x33);
  answer = answer_to(make_packet(spec));
  EXPECT_EQ(answer.size(), 1280U);
  EXPECT_EQ(v6_sum(answer), 0);
}

TEST(Icmp, padding_is_not_quoted) {
  Packet packet = make_packet(v4_spec());
  const std::size_t size = packet.size();
  packet.resize(size + 12);
  EXPECT_EQ(answer_to(packet).size(), 28 + size);
}

TEST(Icmp, no_answer_goes_to_or_for_what_is_no_single_host) {
  for (const auto* source : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
    PacketSpec spec = v4_spec();
    spec.source = source;
    EXPECT_TRUE(answer_to(make_packet(spec)).empty()) << source;
  }
  for (const auto* destination : {"224.0.0.22", "239.1.2.3", "255.255.255.255"}) {
    PacketSpec spec = v4_spec();
    spec.destination = destination;
    EXPECT_TRUE(answer_to(make_packet(spec)).empty()) << destination;
  }
  for (const auto* source : {"::", "ff02::1"}) {
    PacketSpec spec = v6_spec();
    spec.source = source;
    EXPECT_TRUE(answer_to(make_packet(spec)).empty()) << source;
  }
  PacketSpec spec = v6_spec();
  spec.destination = "ff02::2";
  EXPECT_TRUE(answer_to(make_packet(spec)).empty());
}

TEST(Icmp, errors_are_not_answered_but_echo_requests_are) {
  for (unsigned type = 0; type < 256; ++type) {
    const bool v4_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    PacketSpec spec = v4_spec();
    spec.protocol = 1;
    spec.payload[0] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(answer_to(make_packet(spec)).empty(), v4_error) << type;

    const bool v6_error = type < 128 || type == 137;
    spec = v6_spec();
    spec.protocol = 58;
    spec.payload[0] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(answer_to(make_packet(spec)).empty(), v6_error) << type;
  }
}

TEST(Icmp, an_ipv6_error_behind_extension_headers_is_not_answered) {
  PacketSpec spec = v6_spec();
  spec.protocol = 0;  // hop-by-hop, then destination options of 16 bytes, then ICMPv6
  spec.payload = {60, 0, 1, 4, 0, 0, 0, 0, 58, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  EXPECT_TRUE(answer_to(make_packet(spec)).empty());
  spec.payload[24] = 128;
  EXPECT_FALSE(answer_to(make_packet(spec)).empty());
  spec.payload.resize(24);
  EXPECT_TRUE(answer_to(make_packet(spec)).empty());
  spec.payload.resize(12);
  EXPECT_TRUE(answer_to(make_packet(spec)).empty());
}

TEST(Icmp, only_the_first_fragment_is_answered) {
  Packet packet = make_packet(v4_spec());
  store(MutByteSpan(packet), Be<std::uint16_t>(0x2000), 6);  // more fragments follow
  EXPECT_FALSE(answer_to(packet).empty());
  store(MutByteSpan(packet), Be<std::uint16_t>(0x0001), 6);
  EXPECT_TRUE(answer_to(packet).empty());

  PacketSpec spec = v6_spec();
  spec.protocol = 44;
  spec.payload = {17, 0, 0, 1, 0, 0, 0, 7, 1, 2, 3, 4};  // offset 0, more follow
  EXPECT_FALSE(answer_to(make_packet(spec)).empty());
  spec.payload[3] = 8;  // offset 1
  EXPECT_TRUE(answer_to(make_packet(spec)).empty());
}

TEST(Icmp, an_answer_is_never_answered_with_an_answer) {
  EXPECT_TRUE(answer_to(answer_to(make_packet(v4_spec()))).empty());
  EXPECT_TRUE(answer_to(answer_to(make_packet(v6_spec()))).empty());
  EXPECT_TRUE(answer_to({}).empty());
}

}  // namespace
}  // namespace wring
