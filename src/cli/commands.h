// `wring COMMAND ...`: which words are commands, and how the program that knows them is started.
#pragma once

#include <span>
#include <string_view>

#include "cli/options.h"

namespace wring {

// The commands that wring-command has. A test compares the two lists.
[[nodiscard]] std::span<const std::string_view> command_names();

// Whether `word`, as the first argument, asks for a command and not for an interface of that name.
// `wring -- WORD` always asks for the interface.
[[nodiscard]] bool is_command(std::string_view word);

// Puts wring-command, or wring-proxy for `wring proxy`, in the place of this process. It is looked
// for beside this program, where a build has it, and in the folder of helper programs, where an
// installation has it. Returns only if it cannot be started, and says why. `argv` is that of
// main().
[[nodiscard]] Stop start_command(char** argv);

}  // namespace wring
