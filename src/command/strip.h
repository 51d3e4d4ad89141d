// `wring strip`: a configuration without what `wg` does not know.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_strip(CLI::App& app);

}  // namespace wring::command
