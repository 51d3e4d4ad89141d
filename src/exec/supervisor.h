// Runs a command in an inside whose only way out is a tunnel.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "config/tunnel_config.h"
#include "exec/inside.h"
#include "exec/room.h"
#include "exec/signals.h"

namespace wring::exec {

// Starts an engine for the interface inside, and the command once the tunnel is set up and the
// names of its peers are found, or were not for five seconds. Returns the command's exit status, or
// 128 and the number of the signal that ended it; an Error if it could not be started, because the
// engine ended for example. All is taken down then. `room` lets others in meanwhile. Nothing but
// the command writes to stdout. The process has one thread at first.
[[nodiscard]] Result<int> supervise(const config::TunnelConfig& config,
                                    const std::string& interface, Inside inside,
                                    const Signals& signals, std::optional<Room> room);

}  // namespace wring::exec
