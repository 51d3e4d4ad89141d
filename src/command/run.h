// `wring run`.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_run(CLI::App& app);

}  // namespace wring::command
