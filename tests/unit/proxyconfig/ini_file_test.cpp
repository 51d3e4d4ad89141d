#include "proxyconfig/ini_file.h"

#include <gmock/gmock.h>

#include "proxyconfig/go_text.h"

namespace wring::proxy {
namespace {

struct Parsed {
  config::Diagnostics diagnostics{"f"};
  IniFile file;
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  parsed.file = parse_ini(text, parsed.diagnostics);
  return parsed;
}

// The value of `k`, which `text` sets.
std::string value(const std::string& text) {
  const Parsed parsed = parse(text);
  const IniEntry* const entry = parsed.file.sections.front().find("k");
  return entry == nullptr ? "none" : entry->value;
}

// Each expectation was tried with go-ini 1.67.0 and wireproxy's options.
TEST(IniFile, reads_values_as_go_ini_does) {
  EXPECT_EQ(value("k = a b "), "a b");
  EXPECT_EQ(value("K:a=b"), "a=b");
  EXPECT_EQ(value("k = a # b"), "a");
  EXPECT_EQ(value("k = a;b"), "a");
  EXPECT_EQ(value("k = 'a'"), "a");
  EXPECT_EQ(value("k = 'a'b'"), "'a'b'");
  EXPECT_EQ(value("k = \"a#b\""), "\"a");
  EXPECT_EQ(value("k = `a#b` # `c`"), "a#b` # `c");
  EXPECT_EQ(value("k = `a#b` # c"), "a#b");
  EXPECT_EQ(value("k = \"\"\"a\nb\"\"\"\n"), "a\nb");
  EXPECT_EQ(value("k = a\\\nb"), "ab");
  EXPECT_EQ(value("k = a \\\n  b # c\n"), "a b # c");
  EXPECT_EQ(value("k = a\\\n\nb = c"), "a");
  EXPECT_EQ(value("\"k\" = a"), "a");
  EXPECT_EQ(value("\xc2\xa0k\xe3\x80\x80=\xc2\x85 a\xe2\x80\xa8\n"), "a");
  EXPECT_EQ(value("k ="), "");
}

TEST(IniFile, the_last_bracket_of_the_line_ends_a_sections_name) {
  const Parsed parsed = parse("[A] # [b]\nk = 1\n [C ]x\n");
  ASSERT_EQ(parsed.file.sections.size(), 3U);
  EXPECT_EQ(parsed.file.sections[1].name, "a] # [b");
  EXPECT_EQ(parsed.file.sections[2].name, "c ");
  EXPECT_EQ(parsed.file.sections[2].at, (config::Position{3, 2}));
}

TEST(IniFile, points_at_names_and_values) {
  const Parsed parsed = parse("\n  Key =  'value' # x\n");
  const IniEntry& entry = parsed.file.sections.front().entries.at(0);
  EXPECT_EQ(entry.name_at, (config::Position{2, 3}));
  EXPECT_EQ(entry.name_size, 3U);
  EXPECT_EQ(entry.value_at, (config::Position{2, 11}));
  EXPECT_EQ(entry.value_size, 5U);
}

TEST(IniFile, goes_on_behind_a_mistake) {
  const Parsed parsed = parse("a\n= b\n[x\n\"c = d\ne = 1\n");
  EXPECT_EQ(parsed.diagnostics.count(config::Severity::kError), 4U);
  EXPECT_EQ(parsed.file.sections.back().entries.size(), 1U);
}

TEST(IniFile, interpolates_from_the_section_and_from_the_top) {
  const Parsed parsed =
      parse("a = top\nb = x\n[s]\na = %(A)s-%(b)s\nb = %(c)s\nc = y\nd = %(b)s-%(none)s-%(b)s\n");
  const IniSection& section = parsed.file.sections.at(1);
  EXPECT_EQ(interpolated(parsed.file, section, *section.find("a")), "top-y");
  // The first name that is nowhere ends it.
  EXPECT_EQ(interpolated(parsed.file, section, *section.find("d")), "y-%(none)s-y");
}

TEST(GoText, reads_numbers_as_ParseInt_with_base_0) {
  EXPECT_EQ(parse_int("0"), 0);
  EXPECT_EQ(parse_int("+12"), 12);
  EXPECT_EQ(parse_int("-0x1F"), -31);
  EXPECT_EQ(parse_int("017"), 15);
  EXPECT_EQ(parse_int("0o17"), 15);
  EXPECT_EQ(parse_int("0b101"), 5);
  EXPECT_EQ(parse_int("1_000"), 1000);
  EXPECT_EQ(parse_int("0x_1"), 1);
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  for (const char* const text : {"", "-", "+", "0x", "08", "1_", "_1", "1__0", "1 ", "--1", "1.0",
                                 "9223372036854775808", "+-1"})
    EXPECT_FALSE(parse_int(text)) << text;
}

}  // namespace
}  // namespace wring::proxy
