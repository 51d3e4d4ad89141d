// Asks engines for their state, and writes it in the form that was asked for.
#include "command/show.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/connection.h"
#include "client/interfaces.h"
#include "command/output.h"
#include "command/screen.h"
#include "command/show_fields.h"
#include "command/show_json.h"
#include "command/show_pretty.h"
#include "command/transfer_rates.h"

namespace wring::command {
namespace {

using client::InterfaceState;

struct Words {
  std::string interface = "all";
  std::string field;
  bool json = false;
  bool watch = false;
};

class Show {
 public:
  explicit Show(Words words) : words_(std::move(words)) {}

  Result<int> run() {
    if (auto checked = check(); !checked) return tl::unexpected(checked.error());
    if (words_.interface == "interfaces") return list();
    if (words_.watch) {
      auto watched = redraw_each_second([this](Output& output) { return draw(output); });
      if (!watched) return tl::unexpected(watched.error());
      return EXIT_SUCCESS;
    }
    Output output(STDOUT_FILENO);
    auto drawn = draw(output);
    // What was shown of the others stays, even where one failed.
    auto written = output.finish();
    if (!drawn) return tl::unexpected(drawn.error());
    if (!written) return tl::unexpected(written.error());
    return status_;
  }

 private:
  [[nodiscard]] Result<void> check() const {
    if (words_.interface == "interfaces" &&
        (!words_.field.empty() || words_.json || words_.watch)) {
      return failure("\"interfaces\" lists names and takes nothing with it; see --help");
    }
    if (words_.json && !words_.field.empty()) {
      return failure("--json has every field; leave \"" + words_.field + "\" out");
    }
    if (words_.field.empty() || find_field(words_.field) != nullptr) return {};
    std::string message = "\"" + words_.field + "\" is no field; there are:";
    for (const Field& field : fields())
      message.append(" ").append(field.name);
    return failure(message);
  }

  static Result<int> list() {
    const auto names = client::list_interfaces();
    if (!names) return tl::unexpected(names.error());
    Output output(STDOUT_FILENO);
    for (const std::string& name : *names)
      output << name << (&name == &names->back() ? "\n" : " ");
    if (auto written = output.finish(); !written) return tl::unexpected(written.error());
    return EXIT_SUCCESS;
  }

  Result<std::vector<InterfaceState>> look() {
    std::vector<InterfaceState> states;
    if (words_.interface != "all") {
      auto state = client::ask(words_.interface);
      if (!state) return tl::unexpected(state.error());
      states.push_back(std::move(*state));
      return states;
    }
    const auto names = client::list_interfaces();
    if (!names) return tl::unexpected(names.error());
    for (const std::string& name : *names) {
      auto state = client::ask(name);
      if (state) {
        states.push_back(std::move(*state));
      } else {
        std::cerr << "wring show: " << state.error().message << "\n";
      }
    }
    // Of several, one that can be shown is a success, as with `wg`.
    status_ = states.empty() && !names->empty() ? EXIT_FAILURE : EXIT_SUCCESS;
    return states;
  }

  Result<void> draw(Output& output) {
    auto states = look();
    if (!states) return tl::unexpected(states.error());
    const TimePoint now = clock_.now();
    if (!words_.field.empty()) {
      write_field(*states, output);
    } else if (words_.json) {
      JsonWriter json(clock_.wall_now(), output);
      for (const InterfaceState& state : *states) {
        rates_.note(state, now);
        json.add(state, rates_);
      }
      json.end();
    } else {
      for (InterfaceState& state : *states) {
        rates_.note(state, now);
        write_pretty(state, rates_, clock_.wall_now(), pretty_options(), output);
        if (&state != &states->back()) output << "\n";
      }
      if (words_.watch && !states->empty()) output << "\n";  // a line between two drawings
    }
    return {};
  }

  void write_field(const std::vector<InterfaceState>& states, Output& output) const {
    for (const InterfaceState& state : states) {
      const std::string prefix = words_.interface == "all" ? state.name + "\t" : "";
      find_field(words_.field)(state, prefix, output);
    }
  }

  const Words words_;
  SystemClock clock_;
  TransferRates rates_;
  int status_ = EXIT_SUCCESS;
};

}  // namespace

Action describe_show(CLI::App& app) {
  auto words = std::make_shared<Words>();
  std::string names;
  for (const Field& field : fields())
    names.append(names.empty() ? "" : ", ").append(field.name);
  app.add_option("INTERFACE", words->interface,
                 "An interface, \"all\" (default), or \"interfaces\" for their names alone")
      ->type_name("");
  app.add_option("FIELD", words->field, "One field, for scripts: " + names)->type_name("");
  app.add_flag("--json", words->json, "Print JSON");
  app.add_flag("-w,--watch", words->watch, "Show it anew each second, with rates, until Ctrl-C");
  app.footer(
      "Keys are hidden; WG_HIDE_KEYS=never shows them. WG_COLOR_MODE is always, never or, by\n"
      "default, as the output is a terminal.");
  return [words] { return Show(*words).run(); };
}

}  // namespace wring::command
