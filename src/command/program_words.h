// The program that a command is to start.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace wring::command {

// The exit status of `wring exec` and `wring enter` where the program was not started, as that of
// `env`, `timeout` and `docker run`.
inline constexpr int kNotStarted = 125;

struct ProgramWords {
  bool shell = false;
  std::vector<std::string> misplaced;  // before `--`
};

// Adds --shell, and COMMAND for the help.
void describe_program_words(CLI::App& app, ProgramWords& words);

// What was behind `--`, or the user's shell.
[[nodiscard]] Result<std::vector<std::string>> choose_program(
    const ProgramWords& words, const std::vector<std::string>& behind);

}  // namespace wring::command
