// Which drops are explained.
#include "doctor/drop_causes.h"

#include <gtest/gtest.h>

namespace wring::doctor {
namespace {

TEST(DropCauses, an_engine_that_dropped_nothing_has_none) {
  EXPECT_TRUE(explain(DropCounts{}).empty());
}

TEST(DropCauses, each_reason_has_its_count_its_meaning_and_its_cure) {
  DropCounts drops;
  drops.fill(7);
  const auto findings = explain(drops);
  EXPECT_GE(findings.size(), 10U);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.found, "7 dropped as " + std::string(finding.code));
    EXPECT_FALSE(finding.means.empty());
    EXPECT_FALSE(finding.cure.empty());
    EXPECT_LT(finding.grade, Grade::kProblem);
  }
}

TEST(DropCauses, a_preshared_key_that_differs_is_a_warning) {
  DropCounts drops{};
  drops[static_cast<std::size_t>(DropReason::kResponseForged)] = 1;
  const auto findings = explain(drops);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].grade, Grade::kWarning);
  EXPECT_NE(findings[0].means.find("preshared keys differ"), std::string::npos);
}

}  // namespace
}  // namespace wring::doctor
