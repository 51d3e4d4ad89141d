// How a process becomes a program that must have no say over the namespaces it is in.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace wring::exec {

// For good: no program that is executed gets a capability back. Nor may one look into this process.
// Its only thread.
[[nodiscard]] Result<void> give_up_capabilities();

// The first word is looked for on PATH. If it cannot be executed, says so on stderr behind `who`,
// and exits with 127 if it is not there, else with 126.
[[noreturn]] void become_program(std::vector<std::string> words, const char* who);

}  // namespace wring::exec
