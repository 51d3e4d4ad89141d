// `wring run`.
#pragma once

#include <string>
#include <vector>

#include "command/command.h"

namespace wring::command {

// `engine_options`: what was behind `--`.
[[nodiscard]] Action describe_run(CLI::App& app, const std::vector<std::string>& engine_options);

}  // namespace wring::command
