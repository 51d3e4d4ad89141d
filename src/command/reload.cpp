// Has a `wring run` read its configuration again, and says what came of it.
#include "command/reload.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "run/reload_socket.h"

namespace wring::command {
namespace {

Result<int> reload(const std::string& interface) {
  const auto answer = run::ask_for_reload(interface);
  if (!answer) return tl::unexpected(answer.error());
  (answer->done ? std::cout : std::cerr) << answer->text << std::flush;
  return answer->done ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

Action describe_reload(CLI::App& app) {
  auto interface = std::make_shared<std::string>();
  app.add_option("INTERFACE", *interface, "The interface of a `wring run`")
      ->required()
      ->type_name("");
  app.footer(
      "A configuration with mistakes changes nothing: they are printed, and the exit status is 1.");
  return [interface] { return reload(*interface); };
}

}  // namespace wring::command
