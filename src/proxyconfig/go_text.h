// Text as the libraries of Go read it, which wireproxy is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wring::proxy {

// Without the white space of Unicode at its ends, as strings.TrimSpace.
[[nodiscard]] std::string_view trim_space(std::string_view text);
[[nodiscard]] std::string_view trim_space_left(std::string_view text);

// With A to Z in small letters.
[[nodiscard]] std::string to_lower(std::string_view text);

// As strconv.ParseInt with base 0: a sign, 0x, 0o or 0b or a 0 before octal digits, and '_' between
// digits. Nothing for all else, and for what 64 bits do not hold.
[[nodiscard]] std::optional<std::int64_t> parse_int(std::string_view text);

}  // namespace wring::proxy
