#include "ip/endpoint.h"

#include <gtest/gtest.h>
#include <net/if.h>

#include <cerrno>
#include <vector>

#include "ip/endpoint_parse.h"

namespace wring {
namespace {

std::string round_trip(std::string_view text) {
  const auto endpoint = parse_endpoint(text, if_nametoindex);
  return endpoint ? to_string(*endpoint) : "refused";
}

TEST(Endpoint, text_comes_back) {
  EXPECT_EQ(round_trip("192.0.2.1:51820"), "192.0.2.1:51820");
  EXPECT_EQ(round_trip("[2001:db8::1]:1"), "[2001:db8::1]:1");
  EXPECT_EQ(round_trip("[2001:0db8:0::1]:65535"), "[2001:db8::1]:65535");
  EXPECT_EQ(to_string(Endpoint{}), "");
}

TEST(Endpoint, a_zone_is_taken_by_name_and_by_number_and_shown_by_number) {  // P39
  const unsigned loopback = if_nametoindex("lo");
  ASSERT_NE(loopback, 0U);
  const std::string shown = "[fe80::1%" + std::to_string(loopback) + "]:51820";
  EXPECT_EQ(round_trip("[fe80::1%lo]:51820"), shown);
  EXPECT_EQ(round_trip(shown), shown);
  EXPECT_EQ(round_trip("[fe80::1%99999999]:51820"), "[fe80::1%99999999]:51820");
  EXPECT_EQ(parse_endpoint("[fe80::1%nosuchinterface]:1", if_nametoindex).error().code, ENODEV);
  EXPECT_EQ(parse_endpoint("[fe80::1%lo]:1").error().code, ENODEV) << "nobody looks names up";
}

TEST(Endpoint, refuses_what_is_not_an_address_and_a_port) {
  for (const std::string_view text : {"",
                                      ":",
                                      "192.0.2.1",
                                      "192.0.2.1:",
                                      "192.0.2.1:0",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:-1",
                                      "192.0.2.1:+1",
                                      "192.0.2.1:1 ",
                                      "192.0.2.256:1",
                                      "example.com:1",
                                      "2001:db8::1:51820",
                                      "[2001:db8::1:51820",
                                      "2001:db8::1]:51820",
                                      "[]:1",
                                      "[:1",
                                      "[192.0.2.1]:1",
                                      "[2001:db8::1%]:1",
                                      "[2001:db8::g]:1",
                                      "192.0.2.1:1:1"}) {
    EXPECT_EQ(round_trip(text), "refused") << text;
  }
  EXPECT_EQ(parse_endpoint("192.0.2.1").error().code, EINVAL);
}

TEST(Endpoint, equal_text_makes_equal_endpoints) {
  EXPECT_EQ(parse_endpoint("192.0.2.1:1").value(), parse_endpoint("192.0.2.1:1").value());
  EXPECT_FALSE(parse_endpoint("192.0.2.1:1").value() == parse_endpoint("192.0.2.1:2").value());
}

TEST(Endpoint, address_and_port_make_one_and_the_address_comes_back) {
  for (const char* const text : {"192.0.2.1:51820", "[2001:db8::1]:258"}) {
    const Endpoint parsed = parse_endpoint(text).value();
    const std::uint16_t port = parsed.is_v4() ? 51820 : 258;
    EXPECT_EQ(endpoint_at(remote_address(parsed), port), parsed);
  }
}

std::vector<std::uint8_t> cookie(std::string_view text) {
  const EndpointBytes bytes = cookie_bytes(parse_endpoint(text).value());
  return {bytes.span().begin(), bytes.span().end()};
}

TEST(Endpoint, a_cookie_is_bound_to_address_and_port_in_network_order) {  // P33
  EXPECT_EQ(cookie("192.0.2.1:51820"),
            (std::vector<std::uint8_t>{192, 0, 2, 1, 51820 >> 8, 51820 & 0xff}));
  EXPECT_EQ(cookie("[2001:db8::1]:258"),
            (std::vector<std::uint8_t>{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
                                       1, 2}));
  EXPECT_EQ(cookie_bytes(Endpoint{}).size, 0U);
}

}  // namespace
}  // namespace wring
