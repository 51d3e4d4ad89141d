#include "config/words.h"

#include <gtest/gtest.h>

#include <string>

namespace wring::config {
namespace {

std::string joined(const std::vector<Item>& items) {
  std::string text;
  for (const Item& item : items) {
    text += std::to_string(item.offset) + std::string(item.text) + "|";
  }
  return text;
}

TEST(Words, all_white_space_of_c_is_trimmed) {
  EXPECT_EQ(trimmed(" \t\r\v\fa b\n "), "a b");
  EXPECT_EQ(trimmed(" \t "), "");
}

TEST(Words, a_list_keeps_what_is_between_commas_and_where_it_was) {
  EXPECT_EQ(joined(split_at_commas("a, b c ,d")), "0a|3b c|8d|");
  EXPECT_EQ(joined(split_at_commas("a,,")), "0a|2|3|");
}

TEST(Words, wg_quick_takes_spaces_and_commas_alike) {
  EXPECT_EQ(joined(split_to_words(" a,,b  c,")), "1a|4b|7c|");
  EXPECT_TRUE(split_to_words(" , ").empty());
}

TEST(Words, distance_counts_changes_without_regard_to_case) {
  EXPECT_EQ(edit_distance("AllowedIPs", "allowedips"), 0U);
  EXPECT_EQ(edit_distance("AllowedIPs", "AllowedIP"), 1U);
  EXPECT_EQ(edit_distance("Adress", "Address"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Words, host_names_are_labels_of_63_bytes_and_253_in_all) {
  const std::string label(63, 'a');
  for (const std::string& name : {std::string("vpn.example.com"), std::string("a"),
                                  std::string("a-b_c.d."), label, label + "." + label}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
  const std::string four = label + "." + label + "." + label + "." + label;
  for (const std::string& name : {std::string(), std::string("."), std::string("a..b"),
                                  std::string("a/b"), std::string("a b"), label + "a", four}) {
    EXPECT_FALSE(is_host_name(name)) << name;
  }
}

}  // namespace
}  // namespace wring::config
