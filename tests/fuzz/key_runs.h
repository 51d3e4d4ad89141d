// Finds what could be a key in text that should hold none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace wring::fuzz {

// The longest run of characters that a key is made of. A key has 44 of them.
inline std::size_t longest_key_run(std::string_view text) {
  constexpr std::string_view kKeyCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  std::size_t longest = 0;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find_first_not_of(kKeyCharacters, begin), text.size());
    longest = std::max(longest, end - begin);
  }
  return longest;
}

}  // namespace wring::fuzz
