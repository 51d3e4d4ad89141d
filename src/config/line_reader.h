// Cuts a configuration into lines, and a line into its parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/diagnostics.h"

namespace wring::config {

// All views are into the text.
struct Line {
  enum class Kind : std::uint8_t { kBlank, kSection, kEntry, kOther };

  Kind kind = Kind::kBlank;
  std::uint32_t number = 0;
  std::string_view whole;  // without the newline
  // Of a section "[Peer]", of an entry its key, of another line all of it. Trimmed.
  std::string_view name;
  // Of an entry: the text after `=`, trimmed.
  std::string_view value;
  // The same with what follows a `#`, which may be part of a hook.
  std::string_view value_and_comment;
  std::string_view comment;  // after the first `#`, trimmed

  // Of a view into this line.
  [[nodiscard]] Position at(std::string_view part) const;
};

class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}
  // Nothing at the end of the text.
  [[nodiscard]] std::optional<Line> next();
  // Passes over the lines before the one with this number.
  void skip_to(std::uint32_t number);

 private:
  std::string_view rest_;
  std::uint32_t number_ = 0;
};

}  // namespace wring::config
