// What a command of `wring` is, and the list of them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

namespace wring::command {

// Carries a command out and returns the exit status of the process. An Error is printed behind the
// command's name, and the exit status is 1.
using Action = std::function<Result<int>()>;

struct Command {
  const char* name;
  const char* summary;  // one line of --help
  // Adds the options and the positional words, and says what to do once they have been read. Words
  // that CLI11 refuses end with status 1, as with `wg`.
  Action (*describe)(CLI::App& app);
  // In place of that, if the words behind `--` are a program and its words, or options of the
  // engine: CLI11 does not see them, because it takes words in brackets apart. `program` is filled
  // before the action is called.
  Action (*describe_with_program)(CLI::App& app, const std::vector<std::string>& program) = nullptr;
};

// In alphabetical order. A new one also goes into src/cli/commands.cpp.
[[nodiscard]] std::span<const Command> commands();

// Describes every command to CLI11, so that exactly one is chosen. `chosen` gets the command that
// was, and its action. Both outlive the parsing.
struct Chosen {
  const Command* command = nullptr;
  Action action;
  std::vector<std::string> program;  // what split_program() took away
};
void describe_all(CLI::App& app, Chosen& chosen);

// The words for CLI11, without the program's name. If the first is a command that passes words on,
// those behind `--` go to `program`.
[[nodiscard]] std::vector<std::string> split_program(std::span<const char* const> words,
                                                     std::vector<std::string>& program);

}  // namespace wring::command
