// The line of a configuration that a message is about.
#pragma once

#include <string>
#include <string_view>

#include "config/diagnostics.h"

namespace wring::proxy {

// As config::excerpt(): keys, passwords, users and what might hold a key are replaced by dots.
[[nodiscard]] std::string excerpt(std::string_view text, const config::Diagnostic& diagnostic);

}  // namespace wring::proxy
