// `wring showconf`, as `wg` has it.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_showconf(CLI::App& app);

}  // namespace wring::command
