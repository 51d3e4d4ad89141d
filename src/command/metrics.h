// `wring metrics`: serves what engines count to Prometheus.
#pragma once

#include "command/command.h"

namespace wring::command {

// The action puts wring-metrics in the place of this process: no command links a server of HTTP.
[[nodiscard]] Action describe_metrics(CLI::App& app);

}  // namespace wring::command
