#include "client/name_lookup.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace wring::client {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(NameLookupTest, an_address_needs_no_resolver) {
  EXPECT_EQ(to_string(look_up("192.0.2.1", 9).value()), "192.0.2.1:9");
  EXPECT_EQ(to_string(look_up("2001:db8::1", 65535).value()), "[2001:db8::1]:65535");
  EXPECT_EQ(to_string(look_up("fe80::1%1", 9).value()), "[fe80::1%1]:9");
}

TEST(NameLookupTest, a_host_of_etc_hosts_is_found) {
  const auto found = look_up("localhost", 9);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(to_string(*found), testing::AnyOf("127.0.0.1:9", "[::1]:9"));
}

TEST(NameLookupTest, what_cannot_be_a_name_is_no_passing_failure) {
  std::vector<std::string> lines;
  const auto found =
      look_up_patiently("-", 9, 3, [&](const std::string& line) { lines.push_back(line); });
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, HasSubstr("cannot find the address of -"));
  EXPECT_THAT(lines, IsEmpty());
}

}  // namespace
}  // namespace wring::client
