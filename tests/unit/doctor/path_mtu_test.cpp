// What is made of the size that a path carries.
#include "doctor/path_mtu.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace wring::doctor {
namespace {

PathMtu path(std::uint32_t carried, std::uint32_t link) {
  PathMtu found;
  found.carried = carried;
  found.link = link;
  return found;
}

TEST(PathMtu, a_tunnel_that_fits_to_the_byte_is_good) {
  EXPECT_EQ(judge_path(path(1500, 1500), true, 1440).grade, Grade::kGood);
  EXPECT_EQ(judge_path(path(1500, 1500), false, 1420).grade, Grade::kGood);
}

TEST(PathMtu, one_that_is_too_large_is_slow_with_ipv4_and_dead_with_ipv6) {
  const Finding v4 = judge_path(path(1300, 1500), true, 1420);
  EXPECT_EQ(v4.grade, Grade::kWarning);
  EXPECT_NE(v4.cure.find("MTU = 1240"), std::string::npos);
  EXPECT_NE(v4.found.find("nobody says so"), std::string::npos);
  const Finding v6 = judge_path(path(1300, 1500), false, 1420);
  EXPECT_EQ(v6.grade, Grade::kProblem);
  EXPECT_NE(v6.cure.find("MTU = 1220"), std::string::npos);
}

TEST(PathMtu, a_router_that_says_its_own_is_named) {
  PathMtu told = path(1300, 1500);
  told.told = IcmpReport{EMSGSIZE, *IpAddress::parse("192.0.2.254"), 1300};
  EXPECT_NE(judge_path(told, true, 1420).found.find("192.0.2.254 says that it takes 1300"),
            std::string::npos);
}

TEST(PathMtu, what_was_not_measured_is_no_fault) {
  EXPECT_EQ(judge_path(path(0, 1500), true, 1420).grade, Grade::kNote);
}

}  // namespace
}  // namespace wring::doctor
