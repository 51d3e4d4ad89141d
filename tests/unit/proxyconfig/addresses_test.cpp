#include "proxyconfig/addresses.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

std::string code_of_target(std::string_view text) {
  const auto read = read_target(text);
  return read ? "" : std::string(read.error().code);
}

std::string code_of_bind(std::string_view text) {
  const auto read = read_bind_address(text, {});
  return read ? "" : std::string(read.error().code);
}

TEST(Addresses, a_target_has_a_host_and_a_port) {
  EXPECT_EQ(read_target("db.example.com:5432")->host, "db.example.com");
  EXPECT_EQ(read_target("[fd00::1]:80")->host, "fd00::1");
  EXPECT_EQ(read_target("[fe80::1%wg0]:80")->host, "fe80::1%wg0");
  for (const char* const text : {":80", "fd00::1:80", "[fd00::1]80", "[fd00::1", "a b:80",
                                 "10.0.0.300:80", "[a]]:80", "1.2.3:80"})
    EXPECT_NE(code_of_target(text), "") << text;
  EXPECT_EQ(code_of_target("a"), "no-port");
  EXPECT_EQ(code_of_target("a:"), "bad-port");
  EXPECT_EQ(code_of_target("a:0"), "bad-port");
  EXPECT_EQ(code_of_target("a:65536"), "bad-port");
}

TEST(Addresses, a_listener_may_be_at_all_addresses_and_at_any_port) {
  EXPECT_EQ(read_bind_address(":0", {})->host, "");
  EXPECT_EQ(read_bind_address("localhost:80", {})->port, 80);
  EXPECT_EQ(code_of_bind("127.0.0.1:"), "bad-port");
  EXPECT_EQ(code_of_bind("127.0.0.1:http"), "bad-port");
  const auto service = [](std::string_view) { return std::optional<std::uint16_t>(443); };
  EXPECT_EQ(read_bind_address("127.0.0.1:https", service)->port, 443);
}

TEST(Addresses, a_unix_socket_has_an_absolute_path_that_the_kernel_takes) {
  EXPECT_EQ(read_bind_address("unix:/run/a b.sock", {})->path, "/run/a b.sock");
  EXPECT_EQ(code_of_bind("unix:run/a.sock"), "bad-path");
  EXPECT_EQ(code_of_bind("unix:/" + std::string(106, 'a')), "");
  EXPECT_EQ(code_of_bind("unix:/" + std::string(107, 'a')), "bad-path");
}

TEST(Addresses, a_mode_is_octal) {
  EXPECT_EQ(*read_mode("0660"), 0660U);
  EXPECT_EQ(*read_mode("7"), 7U);
  for (const char* const text : {"", "8", "01000", "rw", "-1", "0x1"})
    EXPECT_FALSE(read_mode(text)) << text;
}

}  // namespace
}  // namespace wring::proxy
