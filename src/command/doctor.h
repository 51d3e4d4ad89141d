// `wring doctor`.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_doctor(CLI::App& app);

}  // namespace wring::command
