// `wring check`: says what is wrong in a configuration.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_check(CLI::App& app);

}  // namespace wring::command
