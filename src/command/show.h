// `wring show`: what `wg show` shows, and more.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_show(CLI::App& app);

}  // namespace wring::command
