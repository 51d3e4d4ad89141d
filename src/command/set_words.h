// The words of `wring set INTERFACE ...`, which are those of `wg set`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/configurable.h"

namespace wring::command {

// The names of the settings.
[[nodiscard]] std::vector<std::string> setting_names();

// Reads settings up to the last word. Reads the files of keys that they name, and looks names of
// hosts up. The error says which word is wrong and what to write.
[[nodiscard]] Result<ConfigChange> read_set_words(std::span<const std::string> words);

}  // namespace wring::command
