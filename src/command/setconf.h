// `wring setconf`, `addconf` and `syncconf`, as `wg` has them.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_setconf(CLI::App& app);
[[nodiscard]] Action describe_addconf(CLI::App& app);
[[nodiscard]] Action describe_syncconf(CLI::App& app);

}  // namespace wring::command
