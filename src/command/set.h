// `wring set`, as `wg` has it.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_set(CLI::App& app);

}  // namespace wring::command
