// The words of -p.
#include "exec/published_port.h"

#include <gtest/gtest.h>

namespace wring::exec {
namespace {

TEST(PortMapping, is_for_the_host_itself_unless_an_address_is_given) {
  const auto plain = parse_port_mapping("8080:80");
  ASSERT_TRUE(plain);
  EXPECT_EQ(to_string(plain->address), "127.0.0.1");
  EXPECT_EQ(plain->outside, 8080);
  EXPECT_EQ(plain->inside, 80);
  for (const auto& [text, address] :
       {std::pair{"192.0.2.1:1:2", "192.0.2.1"}, {"[::]:1:2", "::"}, {"::1:1:2", "::1"}}) {
    const auto mapping = parse_port_mapping(text);
    ASSERT_TRUE(mapping) << text;
    EXPECT_EQ(to_string(mapping->address), address);
    EXPECT_EQ(mapping->outside, 1);
    EXPECT_EQ(mapping->inside, 2);
  }
}

TEST(PortMapping, is_refused_if_a_part_is_none) {
  for (const char* text : {"", ":", "80", "80:", ":80", "0:80", "80:0", "80:65536", "a:80:80",
                           "[::1:80:80", "192.0.2.1:80", "1:2:3:4", " 80:80", "80:-1"}) {
    const auto mapping = parse_port_mapping(text);
    ASSERT_FALSE(mapping) << text;
    EXPECT_NE(mapping.error().message.find("is no HOST:INSIDE"), std::string::npos);
  }
}

}  // namespace
}  // namespace wring::exec
