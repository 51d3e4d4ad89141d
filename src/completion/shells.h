// The completion script of each shell.
#pragma once

#include <string>

#include "completion/program.h"

namespace wring::completion {

[[nodiscard]] std::string bash_script(const Program& program);
[[nodiscard]] std::string zsh_script(const Program& program);
[[nodiscard]] std::string fish_script(const Program& program);

}  // namespace wring::completion
