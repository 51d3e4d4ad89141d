// The order in which addresses are tried.
#include "proxy/resolver.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

IpAddress of(const char* text) {
  return *IpAddress::parse(text);
}

TEST(Resolver, BothVersionsTakeTurns) {
  const std::vector<IpAddress> found{of("1.1.1.1"), of("1.1.1.2"), of("::1"), of("1.1.1.3")};
  const std::vector<IpAddress> six{of("::1"), of("1.1.1.1"), of("1.1.1.2"), of("1.1.1.3")};
  const std::vector<IpAddress> four{of("1.1.1.1"), of("::1"), of("1.1.1.2"), of("1.1.1.3")};
  EXPECT_EQ(in_turn(found, Families::kIpv6First), six);
  EXPECT_EQ(in_turn(found, Families::kIpv4First), four);
  EXPECT_TRUE(in_turn({}, Families::kIpv4).empty());
}

}  // namespace
}  // namespace wring::proxy
