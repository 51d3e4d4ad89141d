// Runs one more command in the inside of a `wring exec --name`.
#include "command/enter.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "command/interface_name.h"
#include "command/program_words.h"
#include "exec/room.h"
#include "exec/start_program.h"

namespace wring::command {
namespace {

struct EnterWords {
  std::string name;
  ProgramWords program;
};

// Returns only if it fails.
Result<void> enter(const EnterWords& words, const std::vector<std::string>& behind) {
  auto program = choose_program(words.program, behind);
  if (!program) return tl::unexpected(program.error());
  if (!is_interface_name(words.name)) {
    return failure(words.name + ": up to 15 letters, digits and _=+.- are a name");
  }
  const std::string folder = exec::room_folder(std::getenv("XDG_RUNTIME_DIR"));
  if (auto entered = exec::enter_room(folder, words.name); !entered) return entered;
  if (auto given_up = exec::give_up_capabilities(); !given_up) return given_up;
  exec::become_program(std::move(*program), "wring enter");
}

}  // namespace

Action describe_enter(CLI::App& app, const std::vector<std::string>& program) {
  auto words = std::make_shared<EnterWords>();
  app.add_option("N", words->name, "The name that wring exec was given")->required()->type_name("");
  describe_program_words(app, words->program);
  app.footer("The exit status is that of COMMAND; 125: it was not started.");
  return [words, &program]() -> Result<int> {
    const auto failed = enter(*words, program);
    std::cerr << "wring enter: " << failed.error().message << "\n";
    return kNotStarted;
  };
}

}  // namespace wring::command
