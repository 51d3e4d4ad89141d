// Text in plain ASCII, whatever the locale is: the characters that `wg` takes for space, names
// without regard to case, and lists.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace wring::config {

[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || ('\t' <= c && c <= '\r');
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return '0' <= c && c <= '9';
}
[[nodiscard]] constexpr bool is_letter(char c) {
  return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z');
}
[[nodiscard]] constexpr char lower(char c) {
  return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] std::string_view trimmed(std::string_view text);
[[nodiscard]] bool has_space(std::string_view text);
[[nodiscard]] bool equal_but_for_case(std::string_view a, std::string_view b);
// How many characters have to be added, removed or replaced to get from one to the other, letters
// without regard to case. For short names.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// A part of a text.
struct Item {
  std::string_view text;
  std::size_t offset;
};
// The parts between commas, trimmed. Some may be empty.
[[nodiscard]] std::vector<Item> split_at_commas(std::string_view text);
// The words between spaces and commas, as wg-quick has it. None is empty.
[[nodiscard]] std::vector<Item> split_to_words(std::string_view text);

// A name for DNS: labels of letters, digits, '-' and '_'.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace wring::config
