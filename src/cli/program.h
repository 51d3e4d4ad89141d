// A whole run of the program, from the options to the exit status.
#pragma once

#include "cli/options.h"

namespace wring {

// Makes the interface and serves it until it is told to end. Returns the process's exit status.
// Errors go to stderr, or to the log when there is one. Blocks signals and, without `foreground`,
// forks, so call it before there are threads.
[[nodiscard]] int run_program(Options options);

}  // namespace wring
