// Hexadecimal digits of keys.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace wring {

// The value of a hex digit, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes straight into the key, so that no copy of a secret stays on the stack. Returns false, and
// may have written some of `out`, if the text is not exactly as many bytes.
[[nodiscard]] constexpr bool decode_hex(std::string_view text, MutByteSpan out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace wring
