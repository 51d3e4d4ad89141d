// `wring exec`.
#pragma once

#include <string>
#include <vector>

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_exec(CLI::App& app, const std::vector<std::string>& program);

}  // namespace wring::command
