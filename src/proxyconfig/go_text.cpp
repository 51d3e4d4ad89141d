// Trims by Unicode, and reads numbers with a prefix for their base.
#include "proxyconfig/go_text.h"

#include <algorithm>
#include <charconv>

#include "config/words.h"

namespace wring::proxy {
namespace {

// White space past ASCII, as UTF-8: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029,
// U+202F, U+205F, U+3000.
constexpr std::string_view kWideSpaces[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

std::size_t space_at_begin(std::string_view text) {
  if (text.empty()) return 0;
  if (config::is_space(text.front())) return 1;
  for (const std::string_view space : kWideSpaces)
    if (text.starts_with(space)) return space.size();
  return 0;
}

std::size_t space_at_end(std::string_view text) {
  if (text.empty()) return 0;
  if (config::is_space(text.back())) return 1;
  for (const std::string_view space : kWideSpaces)
    if (text.ends_with(space)) return space.size();
  return 0;
}

// Takes "0x" and the like away. The base is 10 without.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char mark = config::lower(digits[1]);
  const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
  digits.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

// '_' is allowed between digits, and between the prefix and the first digit.
bool underscores_are_right(std::string_view digits, bool prefixed) {
  bool digit_before = prefixed;
  for (const char c : digits) {
    if (c == '_' && !digit_before) return false;
    digit_before = c != '_';
  }
  return digit_before;
}

}  // namespace

std::string_view trim_space_left(std::string_view text) {
  while (const std::size_t size = space_at_begin(text))
    text.remove_prefix(size);
  return text;
}

std::string_view trim_space(std::string_view text) {
  text = trim_space_left(text);
  while (const std::size_t size = space_at_end(text))
    text.remove_suffix(size);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), config::lower);
  return lowered;
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string_view digits = text;
  const int base = take_base(digits);
  if (!underscores_are_right(digits, digits.size() != text.size())) return std::nullopt;
  std::string plain(negative ? "-" : "");
  std::ranges::copy_if(digits, std::back_inserter(plain), [](char c) { return c != '_'; });
  // A sign in the middle is none.
  if (digits.starts_with('-')) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = plain.data() + plain.size();
  const auto [stop, error] = std::from_chars(plain.data(), end, number, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

}  // namespace wring::proxy
