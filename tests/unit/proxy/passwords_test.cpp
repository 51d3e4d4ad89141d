// Which pairs are right.
#include "proxy/passwords.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

TEST(Passwords, APairIsRightAsAWhole) {
  const std::vector<Credentials> pairs{{"me", "word"}, {"you", ""}};
  EXPECT_TRUE(are_right(pairs, "me", "word"));
  EXPECT_TRUE(are_right(pairs, "you", ""));
  EXPECT_FALSE(are_right(pairs, "me", ""));
  EXPECT_FALSE(are_right(pairs, "you", "word"));
  EXPECT_FALSE(are_right(pairs, "me", "word "));
  EXPECT_FALSE(are_right({}, "", ""));
}

}  // namespace
}  // namespace wring::proxy
