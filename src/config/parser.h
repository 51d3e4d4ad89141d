// Reads a configuration as `wg setconf` or wg-quick would, and finds all mistakes in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/diagnostics.h"
#include "config/tunnel_config.h"

namespace wring::config {

enum class Dialect : std::uint8_t {
  kWgQuick,  // all keys
  kWg,       // those of `wg setconf`, addconf and syncconf only
};

struct Parsed {
  TunnelConfig config;  // to be used only if there are no errors
  Diagnostics diagnostics;
};

// `file` is the name that messages begin with. Values with a reference are left in
// `config.unresolved`, see config/references.h.
[[nodiscard]] Parsed parse(std::string_view text, std::string file,
                           Dialect dialect = Dialect::kWgQuick);

}  // namespace wring::config
