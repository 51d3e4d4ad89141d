// From a configuration file to what is asked of an engine.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "device/configurable.h"

namespace wring::client {

enum class ApplyMode : std::uint8_t {
  kReplace,  // `wg setconf`: what the file does not have is reset
  kAdd,      // `wg addconf`: what the file does not have stays
};

// Where a peer is. Called for each endpoint of the file, in order.
using Resolver = std::function<Result<Endpoint>(const config::HostPort&)>;

// All that the file asks for. The first endpoint that cannot be resolved fails it. Every peer has a
// public key, and no value is unresolved (config/parser.h, config/references.h).
[[nodiscard]] Result<ConfigChange> change_of(const config::TunnelConfig& config, ApplyMode mode,
                                             const Resolver& resolve);

// What is left of a kReplace change for an engine in this state: `wg syncconf`. A port that the
// file leaves to the kernel stays as it is, and so does an endpoint that the file does not name.
// Peers that are as they should be are not touched, so their sessions go on.
[[nodiscard]] ConfigChange difference(ConfigChange&& wanted, const InterfaceState& state);

// True if the change asks for nothing.
[[nodiscard]] bool is_empty(const ConfigChange& change);

}  // namespace wring::client
