// The list of commands, and their place under the program's name.
#include "command/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <utility>

#include "command/bench.h"
#include "command/check.h"
#include "command/doctor.h"
#include "command/enter.h"
#include "command/events.h"
#include "command/exec.h"
#include "command/keys.h"
#include "command/metrics.h"
#include "command/reload.h"
#include "command/run.h"
#include "command/set.h"
#include "command/setconf.h"
#include "command/show.h"
#include "command/showconf.h"
#include "command/strip.h"

namespace wring::command {
namespace {

constexpr Command kCommands[] = {
    {"addconf", "Adds what a configuration file has to an interface", describe_addconf},
    {"bench", "Measures what this host can carry, or a tunnel to another one", describe_bench},
    {"check", "Says what is wrong in a configuration, and what to write instead", describe_check},
    {"doctor", "Finds out why a tunnel does not work, or what this host lacks", describe_doctor},
    {"enter", "Runs one more command beside that of wring exec --name", nullptr, describe_enter},
    {"events", "Prints what happens to peers, as it happens", describe_events},
    {"exec", "Runs a command whose only way out is a tunnel", nullptr, describe_exec},
    {"genkey", "Prints a new private key", describe_genkey},
    {"genpsk", "Prints a new preshared key", describe_genpsk},
    {"metrics", "Serves what engines count to Prometheus", describe_metrics},
    {"pubkey", "Reads a private key from stdin and prints its public key", describe_pubkey},
    {"reload", "Has a wring run read its configuration again", describe_reload},
    {"run", "Brings up a tunnel from a file of wg-quick, and keeps it", nullptr, describe_run},
    {"set", "Changes settings of an interface", describe_set},
    {"setconf", "Sets an interface to what a configuration file says", describe_setconf},
    {"show", "Shows interfaces, their peers, and what was dropped", describe_show},
    {"showconf", "Prints the configuration of an interface, for setconf", describe_showconf},
    {"strip", "Prints a configuration without what only wg-quick and wring know", describe_strip},
    {"syncconf", "Changes an interface only where a configuration file differs", describe_syncconf},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

void describe_all(CLI::App& app, Chosen& chosen) {
  app.require_subcommand(1);
  for (const Command& command : kCommands) {
    CLI::App* const words = app.add_subcommand(command.name, command.summary);
    const Action action = command.describe != nullptr
                              ? command.describe(*words)
                              : command.describe_with_program(*words, chosen.program);
    words->callback([&chosen, &command, action] {
      chosen.command = &command;
      chosen.action = action;
    });
  }
}

std::vector<std::string> split_program(std::span<const char* const> words,
                                       std::vector<std::string>& program) {
  const std::string_view first = words.empty() ? "" : words.front();
  const bool splits = std::ranges::any_of(kCommands, [&](const Command& command) {
    return command.name == first && command.describe_with_program != nullptr;
  });
  const auto mark = std::ranges::find(words, std::string_view("--"),
                                      [](const char* word) { return std::string_view(word); });
  if (!splits || mark == words.end()) return {words.begin(), words.end()};
  program.assign(mark + 1, words.end());
  return {words.begin(), mark};
}

}  // namespace wring::command
