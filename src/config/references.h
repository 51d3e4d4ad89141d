// Values that are not in the file: `${NAME}` of the environment, and keys in files of their own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/diagnostics.h"
#include "config/tunnel_config.h"

namespace wring::config {

// True if "${" is in the text.
[[nodiscard]] bool has_reference(std::string_view text);
// Reports references that cannot be right, whatever the environment is.
void check_references(const Unresolved& value, Diagnostics& diagnostics);

// Where values come from. The pure parser asks for them; it reads nothing itself.
struct Sources {
  // The value of a variable of the environment. Nothing: there is no such variable.
  std::function<std::optional<std::string>(std::string_view name)> variable;
  // The text of a file, at most a few kilobytes of it. `path` is as in the file, with `%d`
  // replaced: a relative one counts from the folder of the configuration.
  std::function<Result<std::string>(const std::string& path)> file;
};

// Puts in what the references name, and sets keys from files as if they were in the configuration.
// What is not there is reported at the place of its reference, as an error or as what `missing`
// says, and stays in `config.unresolved`. Text that held a key is wiped.
void resolve(TunnelConfig& config, const Sources& sources, Diagnostics& diagnostics,
             Severity missing = Severity::kError);

}  // namespace wring::config
