// The line of a configuration that a message is about.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/diagnostics.h"

namespace wring::config {

// Two lines: the one at `diagnostic.at` in `text`, and a caret below the place. Keys, hooks and all
// that might hold a key are replaced by dots. Empty for a diagnostic of the file as a whole.
[[nodiscard]] std::string excerpt(std::string_view text, const Diagnostic& diagnostic);

// The same for a file with other keys: `line` is the one at `diagnostic.at`, and its first `shown`
// bytes may be shown.
[[nodiscard]] std::string excerpt(std::string_view line, std::size_t shown,
                                  const Diagnostic& diagnostic);
// Of a line that may hold anything, so much of the beginning may be shown: the first word, if it is
// short, of letters alone, and not the beginning of a key.
[[nodiscard]] std::size_t first_word(std::string_view line);

}  // namespace wring::config
