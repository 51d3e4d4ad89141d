// Finds what is legal in a configuration but surely not meant.
#pragma once

#include "config/diagnostics.h"
#include "config/tunnel_config.h"

namespace wring::config {

// `config` has no errors of the parser. The one error that this adds is a private key that is
// nowhere; all else are warnings and notes. A value that is unresolved is taken to be right.
void lint(const TunnelConfig& config, Diagnostics& diagnostics);

// The parts of it.
void lint_keys(const TunnelConfig& config, Diagnostics& diagnostics);
void lint_routes(const TunnelConfig& config, Diagnostics& diagnostics);

}  // namespace wring::config
