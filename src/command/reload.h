// `wring reload`.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_reload(CLI::App& app);

}  // namespace wring::command
