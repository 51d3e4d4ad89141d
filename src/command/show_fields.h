// `wring show INTERFACE FIELD`: one field, line by line, byte for byte as `wg` prints it.
#pragma once

#include <span>
#include <string_view>

#include "client/interface_state.h"
#include "command/output.h"

namespace wring::command {

// Writes the field. `prefix` goes in front of each line: empty, or the interface and a tab.
using FieldWriter = void (*)(const client::InterfaceState& state, std::string_view prefix,
                             Output& output);

struct Field {
  std::string_view name;
  FieldWriter write;
};

[[nodiscard]] std::span<const Field> fields();
// Nothing if there is no such field.
[[nodiscard]] FieldWriter find_field(std::string_view name);

}  // namespace wring::command
