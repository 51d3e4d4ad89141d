// Which names an interface can have.
#pragma once

#include <algorithm>
#include <string_view>

#include "config/words.h"

namespace wring::command {

// As wg-quick has it: up to 15 letters, digits and _=+.- are one.
[[nodiscard]] inline bool is_interface_name(std::string_view name) {
  constexpr std::size_t kMaxSize = 15;
  return !name.empty() && name.size() <= kMaxSize && name != "." && name != ".." && name != "-" &&
         std::ranges::all_of(name, [](char c) {
           return config::is_letter(c) || config::is_digit(c) ||
                  std::string_view("_=+.-").find(c) != std::string_view::npos;
         });
}

}  // namespace wring::command
