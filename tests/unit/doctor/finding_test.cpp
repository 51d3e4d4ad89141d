// Lists of findings, and those that are made of errors.
#include "doctor/finding.h"

#include <gtest/gtest.h>

namespace wring::doctor {
namespace {

TEST(Finding, an_error_is_divided_into_what_was_found_and_what_to_do) {
  const Finding whole = finding_of({"cannot open x: No such file; use y", 2}, Grade::kProblem, "x");
  EXPECT_EQ(whole.found, "cannot open x: No such file");
  EXPECT_EQ(whole.cure, "use y");
  const Finding bare = finding_of({"cannot open x", 2}, Grade::kWarning, "x");
  EXPECT_EQ(bare.found, "cannot open x");
  EXPECT_EQ(bare.cure, "");
}

TEST(Finding, the_worst_of_a_list_counts) {
  std::vector<Finding> list;
  EXPECT_EQ(worst(list), Grade::kGood);
  list.push_back({Grade::kWarning, "a", {}, {}, {}, {}});
  append(list, {{Grade::kNote, "b", {}, {}, {}, {}}, {Grade::kGood, "c", {}, {}, {}, {}}});
  EXPECT_EQ(list.size(), 3U);
  EXPECT_EQ(worst(list), Grade::kWarning);
  EXPECT_EQ(to_string(worst(list)), "warning");
}

}  // namespace
}  // namespace wring::doctor
