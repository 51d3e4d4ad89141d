// Says how much of a line may be shown.
#include "proxyconfig/excerpt.h"

#include <algorithm>

#include "config/excerpt.h"
#include "proxyconfig/go_text.h"
#include "proxyconfig/key_table.h"

namespace wring::proxy {
namespace {

constexpr Sections kAll = ~Sections{0};

// A line may be a part of a value that began before it, so nothing is shown but what is surely no
// secret.
std::size_t shown_size(std::string_view line) {
  const std::string_view plain = trim_space(line);
  if (plain.starts_with('[')) return config::may_hold_key(line) ? 0 : line.size();
  const std::size_t delimiter = line.find_first_of("=:");
  if (delimiter == line.npos) return config::first_word(line);
  const Key* const key = find_key(kAll, trim_space(line.substr(0, delimiter)));
  if (key == nullptr) return config::first_word(line);
  const std::size_t comment = std::min(line.find_first_of("#;"), line.size());
  const std::string_view value = line.substr(delimiter + 1);
  const bool plain_value = key->holds == Key::Holds::kPlain && !config::may_hold_key(value);
  return plain_value ? comment : delimiter + 1;
}

}  // namespace

std::string excerpt(std::string_view text, const config::Diagnostic& diagnostic) {
  if (diagnostic.at.line == 0 || diagnostic.at.column == 0) return {};
  std::string_view line;
  for (std::uint32_t number = 0; number < diagnostic.at.line; ++number) {
    if (text.empty()) return {};
    const std::size_t newline = std::min(text.find('\n'), text.size());
    line = text.substr(0, newline);
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return config::excerpt(line, shown_size(line), diagnostic);
}

}  // namespace wring::proxy
