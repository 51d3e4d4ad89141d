// The words behind `--`, or the shell of the user.
#include "command/program_words.h"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

namespace wring::command {
namespace {

std::string find_shell() {
  const char* const named = std::getenv("SHELL");
  if (named != nullptr && *named != '\0') return named;
  const passwd* const entry = getpwuid(geteuid());
  return entry != nullptr && *entry->pw_shell != '\0' ? entry->pw_shell : "/bin/sh";
}

}  // namespace

void describe_program_words(CLI::App& app, ProgramWords& words) {
  app.add_option("COMMAND", words.misplaced, "The command to run, behind --")->type_name("");
  app.add_flag("--shell", words.shell, "Run your shell");
}

Result<std::vector<std::string>> choose_program(const ProgramWords& words,
                                                const std::vector<std::string>& behind) {
  if (!words.misplaced.empty()) {
    return failure("put -- before the command: -- " + words.misplaced.front());
  }
  if (words.shell && !behind.empty()) {
    return failure("--shell starts your shell, so no command may follow; leave one of them out");
  }
  if (words.shell) return std::vector{find_shell()};
  if (!behind.empty()) return behind;
  return failure("say what to run behind --, or --shell for your shell");
}

}  // namespace wring::command
