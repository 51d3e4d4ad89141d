// A whole run of the program, from the options to the exit status.
#pragma once

#include "cli/options.h"

namespace wring {

// Makes the interface and serves it until it is told to end. Returns the process's exit status;
// what went wrong stands on stderr, or in the log once there is one. Blocks signals and, without
// `foreground`, forks, so that it is to be called before there are threads.
[[nodiscard]] int run_program(Options options);

}  // namespace wring
