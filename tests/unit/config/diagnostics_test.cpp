#include "config/diagnostics.h"

#include <gmock/gmock.h>

#include "config_text.h"

namespace wring::config {
namespace {

using test::found;
using testing::ElementsAre;

TEST(Diagnostics, are_in_the_order_of_the_file) {
  Diagnostics all("f");
  all.add(Severity::kError, {5, 1}, 1, {"c", "", ""});
  all.add(Severity::kNote, {2, 7}, 1, {"a", "", ""});
  all.add(Severity::kError, {5, 1}, 1, {"d", "", ""});
  all.add(Severity::kWarning, {2, 9}, 1, {"b", "", ""});
  EXPECT_THAT(found(all), ElementsAre("2:7 a", "2:9 b", "5:1 c", "5:1 d"));
}

TEST(Diagnostics, of_each_severity_100_are_kept_and_all_are_counted) {
  Diagnostics all("f");
  for (std::uint32_t line = 1; line <= 150; ++line) {
    all.add(Severity::kWarning, {line, 1}, 1, {"w", "", ""});
  }
  EXPECT_FALSE(all.has_errors());
  all.add(Severity::kError, {200, 1}, 1, {"e", "", ""});
  EXPECT_TRUE(all.has_errors());
  EXPECT_EQ(all.all().size(), 101U);
  EXPECT_EQ(all.count(Severity::kWarning), 150U);
}

TEST(Diagnostics, one_line_has_place_cause_and_cure) {
  const Diagnostic one{Severity::kWarning, {3, 7}, 1, {"code", "it is wrong", "write it right"}};
  EXPECT_EQ(to_string(one, "wg0.conf"), "wg0.conf:3:7: warning: it is wrong; write it right");
  const Diagnostic whole{Severity::kError, {}, 1, {"code", "it is empty", ""}};
  EXPECT_EQ(to_string(whole, "wg0.conf"), "wg0.conf: error: it is empty");
}

TEST(Diagnostics, what_may_be_a_key_is_not_quoted) {
  EXPECT_EQ(quote("10.0.0.300"), "'10.0.0.300'");
  for (const std::string& text :
       {test::kPrivate, "x=" + test::kPrivate.substr(0, 30), std::string(64, 'f'),
        test::kPrivate.substr(0, 20) + "\xa1" + test::kPrivate.substr(21, 20), std::string(),
        std::string("\x1b[2J"), std::string("b\xc3\xbc"), std::string(90, '.')}) {
    EXPECT_EQ(quote(text), "this value") << text;
  }
}

}  // namespace
}  // namespace wring::config
