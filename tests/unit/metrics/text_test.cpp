#include "metrics/text.h"

#include <gtest/gtest.h>

namespace wring::metrics {
namespace {

std::string quoted(std::string_view value) {
  std::string out;
  append_quoted(out, value);
  return out;
}

TEST(MetricsText, a_family_has_help_and_type_before_its_samples) {
  std::string out;
  begin_family(out, "x_total", Type::kCounter, "Things");
  std::string labels;
  append_label(labels, "a", "1");
  append_label(labels, "b", "2");
  append_sample(out, "x_total", labels, std::uint64_t{18446744073709551615U});
  append_sample(out, "x_total", "", 0.5);
  EXPECT_EQ(out,
            "# HELP x_total Things\n# TYPE x_total counter\n"
            "x_total{a=\"1\",b=\"2\"} 18446744073709551615\nx_total 0.5\n");
}

TEST(MetricsText, what_would_end_a_label_is_escaped) {
  EXPECT_EQ(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\"");
}

TEST(MetricsText, utf8_stays_and_what_is_none_becomes_a_question_mark) {
  EXPECT_EQ(quoted("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  EXPECT_EQ(quoted("\xff"), "\"?\"");
  EXPECT_EQ(quoted("\xc3"), "\"?\"");                 // cut off
  EXPECT_EQ(quoted("\xc0\xaf"), "\"??\"");            // too long a form
  EXPECT_EQ(quoted("\xe0\x80\xaf"), "\"???\"");       // the same
  EXPECT_EQ(quoted("\xed\xa0\x80"), "\"???\"");       // half of a pair
  EXPECT_EQ(quoted("\xf4\x90\x80\x80"), "\"????\"");  // beyond the last character
  EXPECT_EQ(quoted("\xc3(a"), "\"?(a\"");
}

TEST(MetricsText, a_histogram_adds_up_from_class_to_class) {
  Distribution counted{1000, 2500};
  for (const std::uint64_t value : {1U, 1000U, 1001U, 9000U})
    counted.add(value);
  std::string out;
  append_histogram(out, "h", "i=\"w\"", counted, 1e3);
  EXPECT_EQ(out,
            "h_bucket{i=\"w\",le=\"1\"} 2\nh_bucket{i=\"w\",le=\"2.5\"} 3\n"
            "h_bucket{i=\"w\",le=\"+Inf\"} 4\nh_sum{i=\"w\"} 11.002\nh_count{i=\"w\"} 4\n");
}

}  // namespace
}  // namespace wring::metrics
