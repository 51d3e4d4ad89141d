#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace wring {
namespace {

Result<int> fails() {
  return system_failure("cannot open /dev/x", EACCES, "run as root");
}

TEST(Result, a_system_failure_says_what_why_and_what_to_do) {
  const auto result = fails();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "cannot open /dev/x: Permission denied; run as root");
  EXPECT_EQ(result.error().code, EACCES);
}

TEST(Result, advice_may_be_left_out) {
  EXPECT_EQ(system_failure("cannot bind", EADDRINUSE).value().message,
            "cannot bind: Address already in use");
}

TEST(Result, a_failure_need_not_have_a_code) {
  EXPECT_EQ(failure("name too long").value().code, 0);
}

}  // namespace
}  // namespace wring
