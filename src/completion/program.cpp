// Asks CLI11 which options and words there are.
#include "completion/program.h"

#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "command/command.h"
#include "command/set_words.h"
#include "command/show_fields.h"
#include "proxyload/options.h"

namespace wring::completion {
namespace {

Command command_of(const CLI::App& app) {
  Command command{app.get_name(), app.get_description(), {}, {}, false};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.places.push_back(option->get_name(true));
      command.last_place_repeats = option->get_expected_max() > 1;
      continue;
    }
    Option& made = command.options.emplace_back();
    for (const std::string& name : option->get_snames())
      made.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames())
      made.names.push_back("--" + name);
    made.help = option->get_description();
    // CLI11 adds what it checks, as in "N:UINT in [1 - 64]".
    const std::string type = option->get_type_name();
    if (option->get_type_size_max() != 0) made.value = type.substr(0, type.find(':'));
  }
  if (app.get_prefix_command()) {
    command.places.emplace_back("SETTING");
    command.last_place_repeats = true;
  }
  return command;
}

}  // namespace

Program describe_program() {
  Program program;
  with_options_described([&](const CLI::App& app) { program.engine = command_of(app); });
  CLI::App app;
  command::Chosen chosen;
  command::describe_all(app, chosen);
  for (const CLI::App* command : app.get_subcommands(nullptr))
    program.commands.push_back(command_of(*command));
  proxy::with_options_described([&](const CLI::App& proxy) {
    Command& made = program.commands.emplace_back(command_of(proxy));
    made.name = "proxy";
    made.help = "Proxies and forwards at both ends of a tunnel, without an interface";
  });
  return program;
}

Values values_of(std::string_view placeholder) {
  if (placeholder == "INTERFACE") return {Kind::kInterfaces, {}};
  if (placeholder == "FILE" || placeholder == "CONFIG") return {Kind::kFiles, {}};
  if (placeholder == "NAME") return {Kind::kUsers, {}};
  if (placeholder == "COMMAND") return {Kind::kPrograms, {}};
  if (placeholder == "LEVEL") return {Kind::kWords, {"silent", "error", "verbose"}};
  if (placeholder == "KIND") return {Kind::kWords, {"auto", "uring", "epoll"}};
  if (placeholder == "PEERS") return {Kind::kWords, {"all", "active", "none"}};
  if (placeholder == "STYLE") return {Kind::kWords, {"mindflavor", "mdlayher", "both"}};
  Values values;
  if (placeholder == "FIELD") {
    for (const command::Field& field : command::fields())
      values.words.emplace_back(field.name);
  } else if (placeholder == "SETTING") {
    values.words = command::setting_names();
  }
  if (!values.words.empty()) values.kind = Kind::kWords;
  return values;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text.append(text.empty() ? "" : " ").append(word);
  return text;
}

}  // namespace wring::completion
