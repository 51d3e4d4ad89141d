// Bytes written as hexadecimal digits, the way RFCs print them; white space between them is
// skipped.
#pragma once

#include <array>
#include <cctype>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace wring::test {

inline std::vector<std::uint8_t> hex(std::string_view digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<std::uint8_t> out;
  bool high = true;
  for (const char digit : digits) {
    if (std::isspace(static_cast<unsigned char>(digit)) != 0) continue;
    const std::size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) throw std::invalid_argument("not a hexadecimal digit");
    if (high) out.push_back(0);
    out.back() = static_cast<std::uint8_t>(out.back() * 16U + value);
    high = !high;
  }
  if (!high) throw std::invalid_argument("an odd number of hexadecimal digits");
  return out;
}

template <std::size_t N>
Bytes<N> hex_bytes(std::string_view digits) {
  const std::vector<std::uint8_t> bytes = hex(digits);
  if (bytes.size() != N) throw std::invalid_argument("not as many bytes as expected");
  return load<Bytes<N>>(bytes);
}

inline std::vector<std::uint8_t> to_vector(ByteSpan bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace wring::test
