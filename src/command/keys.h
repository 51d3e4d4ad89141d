// `wring genkey`, `wring genpsk` and `wring pubkey`, as `wg` has them.
#pragma once

#include "command/command.h"

namespace wring::command {

[[nodiscard]] Action describe_genkey(CLI::App& app);
[[nodiscard]] Action describe_genpsk(CLI::App& app);
[[nodiscard]] Action describe_pubkey(CLI::App& app);

}  // namespace wring::command
