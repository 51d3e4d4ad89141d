#include "config/excerpt.h"

#include <gtest/gtest.h>

#include "config_text.h"

namespace wring::config {
namespace {

using test::kPrivate;

// The excerpts of all that the parser finds.
std::string excerpts(const std::string& text) {
  std::string all;
  const auto parsed = parse(text, "f");
  for (const Diagnostic& one : parsed.diagnostics.all()) {
    all += excerpt(text, one);
  }
  return all;
}

TEST(Excerpt, marks_the_place) {
  EXPECT_EQ(excerpts(test::tunnel("Address = 10.0.0.1/24, fd00::g/64")),
            " 3 | Address = 10.0.0.1/24, fd00::g/64\n"
            "   |                        ^~~~~~~~~~\n");
}

TEST(Excerpt, counts_a_character_of_utf8_as_one_column) {
  EXPECT_EQ(excerpts(test::tunnel("Address = \xc3\xbc, 10.0.0.1/40")),
            " 3 | Address = ?, 10.0.0.1/40\n   |           ^~\n"
            " 3 | Address = ?, 10.0.0.1/40\n   |              ^~~~~~~~~~~\n");
}

TEST(Excerpt, shows_no_comment_and_no_line_that_is_not_known) {
  EXPECT_EQ(excerpts(test::tunnel("MTU = x # was " + kPrivate)), " 3 | MTU = x\n   |       ^\n");
  EXPECT_EQ(excerpts(test::tunnel("PrivatKey = " + kPrivate)), " 3 | PrivatKey\n   | ^~~~~~~~~\n");
  EXPECT_EQ(excerpts(test::tunnel(kPrivate)), " 3 | ...\n   | ^~~\n");
}

TEST(Excerpt, a_key_is_never_shown_wherever_it_is) {
  for (const std::string& line :
       {"PrivateKey = " + kPrivate + "=", "PrivateKey = \"" + kPrivate, "MTU = " + kPrivate,
        "DNS = " + kPrivate, "Address = 10.0.0.1/24, " + kPrivate, kPrivate, "[" + kPrivate + "]",
        "Private Key = " + kPrivate, "PrivateKey: " + kPrivate, "; " + kPrivate,
        "Endpoint = " + kPrivate, "PrivateKeyFile = " + kPrivate, "Table = " + kPrivate,
        kPrivate + " = " + kPrivate, "SaveConfig = ${" + kPrivate + "}"}) {
    const std::string text = test::tunnel(line);
    const auto parsed = parse(text, "f");
    EXPECT_TRUE(parsed.diagnostics.has_errors()) << line;
    for (const Diagnostic& one : parsed.diagnostics.all()) {
      const std::string shown = to_string(one, "f") + excerpt(text, one);
      EXPECT_FALSE(may_hold_key(shown)) << shown;
    }
  }
}

}  // namespace
}  // namespace wring::config
