// The program behind `wring COMMAND`: reads the words, carries the command out, prints its error.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <utility>

#include "command/command.h"

namespace {

constexpr const char* kFooter =
    "The engine is no command: `wring INTERFACE` makes an interface, see wring --help.";

int fail(const std::string& who, const std::string& message) {
  std::cerr << who << ": " << message << "\n";
  return EXIT_FAILURE;
}

// "wring show", for the line that says what is wrong.
std::string name_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app.get_name() : app.get_name() + " " + chosen.front()->get_name();
}

}  // namespace

int main(int argc, char** argv) {
  using wring::command::Chosen;
  CLI::App app("Commands around a WireGuard interface.", "wring");
  app.set_version_flag("--version", std::string("wring ") + WRING_VERSION);
  Chosen chosen;
  wring::command::describe_all(app, chosen);
  app.footer(kFooter);  // now, because commands would inherit it
  try {
    const std::span<const char* const> all(argv, static_cast<std::size_t>(argc));
    auto words = wring::command::split_program(all.subspan(std::min<std::size_t>(1, all.size())),
                                               chosen.program);
    std::ranges::reverse(words);  // as CLI11 wants it
    app.parse(std::move(words));
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    return fail(name_of(app), std::string(error.what()) + "; see " + name_of(app) + " --help");
  }
  const auto status = chosen.action();
  if (!status) return fail(name_of(app), status.error().message);
  return *status;
}
