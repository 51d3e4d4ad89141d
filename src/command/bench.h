// `wring bench`.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_bench(CLI::App& app);

}  // namespace wring::command
