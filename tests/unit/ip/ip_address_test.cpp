#include "ip/ip_address.h"

#include <gtest/gtest.h>

#include <string>

namespace wring {
namespace {

std::string round_trip(std::string_view text) {
  const auto prefix = IpPrefix::parse(text);
  return prefix ? to_string(*prefix) : "refused";
}

TEST(IpAddress, text_comes_back_in_canonical_form) {
  EXPECT_EQ(to_string(IpAddress::parse("192.0.2.1").value()), "192.0.2.1");
  EXPECT_EQ(to_string(IpAddress::parse("2001:0db8:0:0::1").value()), "2001:db8::1");
  EXPECT_EQ(to_string(IpAddress::parse("::").value()), "::");
}

TEST(IpAddress, refuses_what_inet_pton_refuses) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.0.0.1", "1.2.3.4 ", " 1.2.3.4", "0x1.2.3.4",
        ":::", "1::2::3", "fe80::1%lo", "[::1]", "12345::", "host", "1.2.3.-4"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_FALSE(IpAddress::parse(std::string(100, '1')));
}

TEST(IpAddress, versions_never_compare_equal) {
  EXPECT_NE(IpAddress::parse("0.0.0.0").value(), IpAddress::parse("::").value());
}

TEST(IpPrefix, is_masked_when_it_is_made) {
  EXPECT_EQ(round_trip("10.1.2.3/8"), "10.0.0.0/8");
  EXPECT_EQ(round_trip("10.1.2.3/15"), "10.0.0.0/15");
  EXPECT_EQ(round_trip("10.1.2.255/25"), "10.1.2.128/25");
  EXPECT_EQ(round_trip("255.255.255.255/0"), "0.0.0.0/0");
  EXPECT_EQ(round_trip("2001:db8:ffff::1/33"), "2001:db8:8000::/33");
  EXPECT_EQ(round_trip("ffff::1/0"), "::/0");
}

TEST(IpPrefix, an_address_alone_has_full_length) {
  EXPECT_EQ(round_trip("10.1.2.3"), "10.1.2.3/32");
  EXPECT_EQ(round_trip("::1"), "::1/128");
}

TEST(IpPrefix, refuses_bad_lengths) {
  for (const std::string_view text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8",
                                      "10.0.0.0/8 ", "10.0.0.0/8/8", "::/129", "::/256", "/8"}) {
    EXPECT_EQ(round_trip(text), "refused") << text;
  }
}

TEST(IpPrefix, contains_the_addresses_of_its_version_that_begin_with_it) {
  const IpPrefix prefix = IpPrefix::parse("10.128.0.0/9").value();
  EXPECT_TRUE(prefix.contains(IpAddress::parse("10.255.0.1").value()));
  EXPECT_FALSE(prefix.contains(IpAddress::parse("10.127.0.1").value()));
  EXPECT_FALSE(IpPrefix::parse("::/0")->contains(IpAddress::parse("10.0.0.1").value()));
}

}  // namespace
}  // namespace wring
