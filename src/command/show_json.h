// `wring show --json`: the schema is in docs/json.md.
#pragma once

#include "base/clock.h"
#include "client/interface_state.h"
#include "command/output.h"
#include "command/transfer_rates.h"

namespace wring::command {

// One object on one line, written piece by piece: begin, interfaces, end.
class JsonWriter {
 public:
  JsonWriter(WallTime now, Output& output);
  void add(const client::InterfaceState& state, const TransferRates& rates);
  void end();

 private:
  WallTime now_;
  Output& output_;
  bool is_first_ = true;
};

}  // namespace wring::command
