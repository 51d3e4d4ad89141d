// `wring show INTERFACE`: everything about an interface, for people.
#pragma once

#include "base/clock.h"
#include "client/interface_state.h"
#include "command/output.h"
#include "command/transfer_rates.h"

namespace wring::command {

struct PrettyOptions {
  bool colours = false;
  bool show_keys = false;  // private and preshared keys, which are hidden otherwise
};

// What `wg` and its environment say: WG_COLOR_MODE (always, never, or as stdout is a terminal), and
// WG_HIDE_KEYS=never.
[[nodiscard]] PrettyOptions pretty_options();

// All lines that `wg` prints, in its words and order, and lines of our own among them. Peers are
// sorted by their latest handshake. `now` is for the age of handshakes.
void write_pretty(client::InterfaceState& state, const TransferRates& rates, WallTime now,
                  const PrettyOptions& options, Output& output);

}  // namespace wring::command
