// A configuration as text.
#pragma once

#include <string>

#include "config/tunnel_config.h"

namespace wring::config {

// All of it, so that parsing the text gives the same again. The text holds the secret keys: the
// caller wipes it. Comments are lost but for the names of peers. A value with a reference comes
// after the others of its section. A key that came from a file is written as the file.
[[nodiscard]] std::string print(const TunnelConfig& config);

}  // namespace wring::config
