// Cuts and compares text.
#include "config/words.h"

#include <algorithm>
#include <numeric>

namespace wring::config {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

bool has_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_space);
}

bool equal_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : a) {
    std::size_t diagonal = row[0]++;
    for (std::size_t i = 0; i < b.size(); ++i) {
      const std::size_t replaced = diagonal + (lower(c) == lower(b[i]) ? 0 : 1);
      diagonal = row[i + 1];
      row[i + 1] = std::min({replaced, row[i] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::vector<Item> split_at_commas(std::string_view text) {
  std::vector<Item> items;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, comma - begin));
    const std::size_t offset =
        item.empty() ? begin : static_cast<std::size_t>(item.data() - text.data());
    items.push_back({item, offset});
    if (comma == text.size()) return items;
    begin = comma + 1;
  }
}

std::vector<Item> split_to_words(std::string_view text) {
  const auto separates = [](char c) { return is_space(c) || c == ','; };
  std::vector<Item> items;
  for (std::size_t i = 0; i < text.size();) {
    if (separates(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && !separates(text[i])) {
      ++i;
    }
    items.push_back({text.substr(begin, i - begin), begin});
  }
  return items;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kMaxName = 253;
  constexpr std::size_t kMaxLabel = 63;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxName) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if ((!is_letter(c) && !is_digit(c) && c != '-' && c != '_') || ++label > kMaxLabel) {
      return false;
    }
  }
  return label != 0;
}

}  // namespace wring::config
