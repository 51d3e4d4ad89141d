// Prints the part of a configuration that `wg setconf` takes, keys and all.
#include "command/strip.h"

#include <sodium.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "command/config_file.h"
#include "command/output.h"
#include "config/printer.h"

namespace wring::command {
namespace {

// Every `wg` knows the rest. Keys from files are written as keys.
void keep_what_wg_knows(config::TunnelConfig& config) {
  config::Interface& interface = config.interface;
  interface.private_key_file.reset();
  interface.addresses.clear();
  interface.dns_servers.clear();
  interface.dns_search.clear();
  interface.mtu.reset();
  interface.table.reset();
  interface.hooks.clear();
  interface.save_config.reset();
  for (config::Peer& peer : config.peers) {
    peer.preshared_key_file.reset();
  }
}

Result<int> strip(const std::string& path) {
  auto loaded = load_config(path, {.lint = false});
  if (!loaded) return tl::unexpected(loaded.error());
  print_problems(*loaded);
  if (loaded->diagnostics.has_errors()) return EXIT_FAILURE;

  keep_what_wg_knows(loaded->config);
  std::string text = print(loaded->config);
  Output output(STDOUT_FILENO);
  output << text;
  sodium_memzero(text.data(), text.size());
  if (auto written = output.finish(); !written) return tl::unexpected(written.error());
  return EXIT_SUCCESS;
}

}  // namespace

Action describe_strip(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  app.add_option("FILE", *path,
                 "The configuration: a path, - for stdin, or the name of an interface")
      ->required();
  app.footer("For wg syncconf IF <(wring strip FILE). The output holds the secret keys.");
  return [path] { return strip(*path); };
}

}  // namespace wring::command
