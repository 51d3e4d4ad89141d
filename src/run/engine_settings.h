// What the engine is told: all of it at the start, and what differs when the file changes. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/result.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "device/configurable.h"

namespace wring::run {

// Where a name was found; nothing if it was not, or not yet.
using FindName = std::function<std::optional<Endpoint>(const config::HostPort&)>;

// All that the file asks for. `fwmark` is that of the plan. A peer whose name is not found gets no
// endpoint.
[[nodiscard]] Result<ConfigChange> all_settings(const config::TunnelConfig& config,
                                                std::uint32_t fwmark, const FindName& find);

// What is left of it for an engine in this state, when the file `before` has become `after`. As
// `wg syncconf`, but what neither file says stays: a key that a hook has set, and the endpoint that
// a peer has moved to.
[[nodiscard]] Result<ConfigChange> changed_settings(const config::TunnelConfig& before,
                                                    const config::TunnelConfig& after,
                                                    std::uint32_t fwmark, const FindName& find,
                                                    const client::InterfaceState& state);

// "private key, 2 peers"; empty if nothing is.
[[nodiscard]] std::string what_changes(const ConfigChange& change);

}  // namespace wring::run
