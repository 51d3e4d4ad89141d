#include "cli/cpu_list.h"

#include <gmock/gmock.h>
#include <sched.h>

namespace wring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The tests name CPUs 0 and 1.
class CpuList : public testing::Test {
 protected:
  void SetUp() override {
    cpu_set_t permitted;
    ASSERT_EQ(sched_getaffinity(0, sizeof permitted, &permitted), 0);
    if (!CPU_ISSET(0, &permitted) || !CPU_ISSET(1, &permitted)) GTEST_SKIP() << "needs both";
  }
};

TEST_F(CpuList, parts_and_ranges_keep_their_order) {
  EXPECT_THAT(parse_cpu_list("0").value(), ElementsAre(0));
  EXPECT_THAT(parse_cpu_list("0-1").value(), ElementsAre(0, 1));
  EXPECT_THAT(parse_cpu_list("1,0").value(), ElementsAre(1, 0));
  EXPECT_THAT(parse_cpu_list("1-1,0-0").value(), ElementsAre(1, 0));
}

TEST_F(CpuList, an_empty_part_names_no_cpus) {
  for (const char* text : {"", ",", "0,", ",0", "0,,1", "-", "0-", "-1", "1-0", "all", "0 ,1"}) {
    const auto cpus = parse_cpu_list(text);
    ASSERT_FALSE(cpus) << text;
    EXPECT_THAT(cpus.error().message, HasSubstr("names no CPUs")) << text;
  }
}

TEST_F(CpuList, a_cpu_is_named_once_and_must_be_there) {
  EXPECT_THAT(parse_cpu_list("0-1,1").error().message, HasSubstr("CPU 1 is named twice"));
  EXPECT_THAT(parse_cpu_list("0,4000").error().message, HasSubstr("CPU 4000 is not there"));
  EXPECT_THAT(parse_cpu_list("4294967295").error().message, HasSubstr("is not there"));
}

}  // namespace
}  // namespace wring
