// What the commands that change an interface have in common.
#pragma once

#include <string>

#include "base/result.h"
#include "config/tunnel_config.h"
#include "device/configurable.h"
#include "ip/endpoint.h"

namespace wring::command {

// Looks an endpoint's name up as `wg` does: it is tried again as often as
// WG_ENDPOINT_RESOLUTION_RETRIES says (15; "infinity"), and stderr says so.
[[nodiscard]] Result<Endpoint> resolve_endpoint(const config::HostPort& endpoint);

// Asks the interface's engine for the change. Returns the exit status.
[[nodiscard]] Result<int> apply_change(const std::string& interface, const ConfigChange& change);

}  // namespace wring::command
