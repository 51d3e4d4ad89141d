#include "config/values.h"

#include <gtest/gtest.h>

#include "config_text.h"

namespace wring::config {
namespace {

template <typename T>
std::string code(const Read<T>& read) {
  return read ? "right" : std::string(read.error().code);
}

std::string endpoint(std::string_view text) {
  const auto read = read_endpoint(text);
  return read ? read->host + " " + std::to_string(read->port) : std::string(read.error().code);
}

std::string address(std::string_view text) {
  const auto read = read_address_and_length(text);
  if (!read) return std::string(read.error().code);
  return to_string(read->address) + "/" + std::to_string(read->length);
}

TEST(Values, a_key_is_44_characters_and_32_bytes) {
  EXPECT_EQ(read_private_key(test::kPrivate).value().reveal()[0], 0xc8);
  EXPECT_EQ(read_public_key(test::kPeer).value().bytes[31], 0x38);
  EXPECT_EQ(code(read_preshared_key(test::kPsk.substr(0, 43))), "bad-key");
  EXPECT_EQ(code(read_preshared_key(test::kPsk + "=")), "bad-key");
  // The last character stands for four bits only.
  EXPECT_EQ(code(read_private_key("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=")), "bad-key");
}

TEST(Values, a_mark_is_decimal_or_hexadecimal_or_off) {
  EXPECT_EQ(read_fwmark("4294967295"), 4294967295U);
  EXPECT_EQ(read_fwmark("0xffFFffff"), 4294967295U);
  EXPECT_EQ(read_fwmark("OFF"), 0U);
  for (const char* bad : {"4294967296", "0x100000000", "0x", "-1", "+1", "1 ", "ca6c", "0x 1"}) {
    EXPECT_EQ(code(read_fwmark(bad)), "bad-fwmark") << bad;
  }
}

TEST(Values, numbers_have_the_ranges_of_their_kind) {
  EXPECT_EQ(read_listen_port("0"), 0);
  EXPECT_EQ(read_listen_port("65535"), 65535);
  EXPECT_EQ(code(read_listen_port("65536")), "bad-port");
  EXPECT_EQ(read_keepalive("65535"), 65535);
  EXPECT_EQ(read_keepalive("Off"), 0);
  EXPECT_EQ(code(read_keepalive("65536")), "bad-keepalive");
  EXPECT_EQ(read_mtu("68"), 68U);
  EXPECT_EQ(read_mtu("65535"), 65535U);
  EXPECT_EQ(code(read_mtu("67")), "bad-mtu");
  EXPECT_EQ(code(read_mtu("65536")), "bad-mtu");
  EXPECT_EQ(read_bool("TRUE"), true);
  EXPECT_EQ(read_bool("false"), false);
  EXPECT_EQ(code(read_bool("1")), "bad-bool");
}

TEST(Values, a_table_is_a_word_a_number_or_a_name) {
  using Kind = RoutingTable::Kind;
  EXPECT_EQ(read_table("auto").value().kind, Kind::kAuto);
  EXPECT_EQ(read_table("off").value().kind, Kind::kOff);
  EXPECT_EQ(read_table("4294967295").value().number, 4294967295U);
  EXPECT_EQ(read_table("vpn-table").value().name, "vpn-table");
  // wg-quick passes these on to ip, which knows no such table.
  for (const char* bad : {"Off", "AUTO", "none", "0", "4294967296", "1x", "a b"}) {
    EXPECT_EQ(code(read_table(bad)), "bad-table") << bad;
  }
}

TEST(Values, a_host_may_be_an_address_or_a_name) {
  EXPECT_EQ(endpoint("192.0.2.1:51820"), "192.0.2.1 51820");
  EXPECT_EQ(endpoint("[2001:db8::1]:1"), "2001:db8::1 1");
  EXPECT_EQ(endpoint("[fe80::1%eth0]:1"), "fe80::1%eth0 1");
  EXPECT_EQ(endpoint("[192.0.2.1]:1"), "192.0.2.1 1");
  EXPECT_EQ(endpoint("vpn.example.com:65535"), "vpn.example.com 65535");
  EXPECT_EQ(endpoint("2001:db8:1:2:3:4:5:6:51820"), "2001:db8:1:2:3:4:5:6 51820");
}

TEST(Values, an_endpoint_says_what_is_missing) {
  for (const char* text :
       {"192.0.2.1", "192.0.2.1:", "[2001:db8::1]", "[2001:db8::1]51820", "2001:db8::1", "host"}) {
    EXPECT_EQ(endpoint(text), "no-port") << text;
  }
  for (const char* text : {"192.0.2.1:0", "host:65536", "host:http", "host:-1", "[::1]:x"}) {
    EXPECT_EQ(endpoint(text), "bad-port") << text;
  }
  for (const char* text : {":1", "[]:1", "[::1:1", "[host]:1", "10.1:1", "a b:1", "http://a:1",
                           "[fe80::1%]:1", "::g:1", "a..b:1"}) {
    EXPECT_EQ(endpoint(text), "bad-host") << text;
  }
}

TEST(Values, an_address_keeps_its_host_bits) {
  EXPECT_EQ(address("10.0.0.1/24"), "10.0.0.1/24");
  EXPECT_EQ(address("10.0.0.1"), "10.0.0.1/32");
  EXPECT_EQ(address("fd00::1"), "fd00::1/128");
  EXPECT_EQ(address("10.0.0.1/33"), "bad-length");
  EXPECT_EQ(address("10.0.0.1/"), "bad-length");
  EXPECT_EQ(address("10.0.0.1/255.255.255.0"), "netmask");
  EXPECT_EQ(address("10.0.0.1/255.0.255.0"), "bad-length");
  EXPECT_EQ(address("10.0.0.1 10.0.0.2"), "no-comma");
  EXPECT_EQ(address("10.0.0"), "bad-address");
  EXPECT_EQ(read_address_and_length("10.0.0.1/255.255.252.0").error().cure, "write 10.0.0.1/22");
}

TEST(Values, a_path_is_no_key) {
  EXPECT_EQ(read_path("/etc/wireguard/wg0.key"), "/etc/wireguard/wg0.key");
  EXPECT_EQ(read_path("%d/wg0"), "%d/wg0");
  EXPECT_TRUE(read_path("/etc/wireguard/keys/theNameOfThisFileIsLongerThanAKey"));
  EXPECT_EQ(code(read_path("%d")), "bad-path");
  EXPECT_EQ(code(read_path("%h/wg0")), "bad-path");
  EXPECT_EQ(code(read_path(test::kPsk)), "key-for-path");
}

}  // namespace
}  // namespace wring::config
