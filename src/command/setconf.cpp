// Changes an interface to what a configuration file says.
#include "command/setconf.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "client/connection.h"
#include "client/tunnel_change.h"
#include "command/change.h"
#include "command/config_file.h"
#include "config/parser.h"

namespace wring::command {
namespace {

using client::ApplyMode;
using config::TunnelConfig;

struct Operands {
  std::string interface;
  std::string file;
};

Result<TunnelConfig> read(const std::string& path) {
  auto loaded = load_config(path, {.dialect = config::Dialect::kWg, .lint = false});
  if (!loaded) return tl::unexpected(loaded.error());
  print_problems(*loaded);
  if (loaded->diagnostics.has_errors()) {
    return failure(loaded->file.name + " has mistakes, see above; nothing was changed", EINVAL);
  }
  return std::move(loaded->config);
}

Result<ConfigChange> read_change(const Operands& operands, ApplyMode mode) {
  const auto config = read(operands.file);
  if (!config) return tl::unexpected(config.error());
  return client::change_of(*config, mode, resolve_endpoint);
}

Result<int> apply(const Operands& operands, ApplyMode mode) {
  const auto change = read_change(operands, mode);
  if (!change) return tl::unexpected(change.error());
  return apply_change(operands.interface, *change);
}

Result<int> synchronise(const Operands& operands) {
  auto change = read_change(operands, ApplyMode::kReplace);
  if (!change) return tl::unexpected(change.error());
  const auto state = client::ask(operands.interface);
  if (!state) return tl::unexpected(state.error());
  const ConfigChange left = client::difference(std::move(*change), *state);
  if (client::is_empty(left)) return EXIT_SUCCESS;
  return apply_change(operands.interface, left);
}

std::shared_ptr<Operands> describe_operands(CLI::App& app) {
  auto operands = std::make_shared<Operands>();
  app.add_option("INTERFACE", operands->interface, "The interface to change")
      ->required()
      ->type_name("");
  app.add_option("FILE", operands->file, "A configuration with the keys of wg; - is stdin")
      ->required()
      ->type_name("");
  return operands;
}

}  // namespace

Action describe_setconf(CLI::App& app) {
  const auto operands = describe_operands(app);
  return [operands] { return apply(*operands, ApplyMode::kReplace); };
}

Action describe_addconf(CLI::App& app) {
  const auto operands = describe_operands(app);
  return [operands] { return apply(*operands, ApplyMode::kAdd); };
}

Action describe_syncconf(CLI::App& app) {
  const auto operands = describe_operands(app);
  app.footer(
      "Peers that are as the file says are not touched, so their sessions go on. A ListenPort "
      "that\n"
      "the file does not have stays as it is.");
  return [operands] { return synchronise(*operands); };
}

}  // namespace wring::command
