// What is made of pings through a tunnel.
#include "doctor/inner_path.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace wring::doctor {
namespace {

InnerPath path(std::uint32_t mtu, std::uint32_t carried) {
  InnerPath found;
  found.mtu = mtu;
  found.carried = carried;
  return found;
}

TEST(InnerPath, packets_of_the_mtu_that_come_back_are_good) {
  EXPECT_EQ(judge_inside(path(1420, 1420), "wg0").grade, Grade::kGood);
}

TEST(InnerPath, packets_that_vanish_are_a_problem_with_a_cure) {
  const Finding finding = judge_inside(path(1420, 1216), "wg0");
  EXPECT_EQ(finding.grade, Grade::kProblem);
  EXPECT_NE(finding.cure.find("ip link set wg0 mtu 1216"), std::string::npos);
}

TEST(InnerPath, a_router_that_divides_is_a_warning) {
  InnerPath told = path(1420, 1420);
  told.told = IcmpReport{EMSGSIZE, *IpAddress::parse("192.0.2.254"), 1300};
  const Finding v4 = judge_inside(told, "wg0");
  EXPECT_EQ(v4.grade, Grade::kWarning);
  EXPECT_NE(v4.cure.find("MTU = 1240"), std::string::npos);
  told.v4_outside = false;
  EXPECT_NE(judge_inside(told, "wg0").cure.find("MTU = 1220"), std::string::npos);
}

TEST(InnerPath, what_was_not_tried_is_no_fault) {
  EXPECT_EQ(judge_inside(path(1420, 0), "wg0").grade, Grade::kNote);
}

}  // namespace
}  // namespace wring::doctor
