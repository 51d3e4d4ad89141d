// What the engine counts, in the names of `wring metrics`.
#pragma once

#include <string>

#include "base/clock.h"
#include "client/interface_state.h"

namespace wring::proxy {

// A page for Prometheus: all families of the exporter, those of peers in MindFlavor's style. `took`
// is how long the engine was asked.
[[nodiscard]] std::string tunnel_figures(client::InterfaceState state, Duration took, WallTime now);
// The same of an engine that did not answer.
[[nodiscard]] std::string tunnel_figures_without_answer(std::string interface, WallTime now);

}  // namespace wring::proxy
