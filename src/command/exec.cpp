// Runs a command in namespaces of its own whose only way out is a tunnel.
#include "command/exec.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command/config_file.h"
#include "command/interface_name.h"
#include "command/program_words.h"
#include "exec/inside.h"
#include "exec/published_port.h"
#include "exec/room.h"
#include "exec/signals.h"
#include "exec/supervisor.h"
#include "ip/ip_address.h"
#include "process/core_dumps.h"

namespace wring::command {
namespace {

using config::Severity;

struct ExecWords {
  std::string file;
  std::vector<std::string> dns;
  std::vector<std::string> ports;
  std::string name;
  ProgramWords program;
};

// For the interface inside, which may have any.
std::string choose_interface(const std::string& file) {
  const std::string stem = std::filesystem::path(file).stem();
  return is_interface_name(stem) ? stem : "wg0";
}

// What the file may have for the host, and what means nothing here.
void leave_out(config::TunnelConfig& config, config::Diagnostics& diagnostics) {
  const auto warn = [&](config::Position at, const char* rule, const char* cause) {
    diagnostics.add(Severity::kWarning, at, 1, {rule, cause, "wring exec goes on without it"});
  };
  for (const config::Hook& hook : config.interface.hooks)
    warn(hook.at, "hook-left-out",
         "hooks are for the host's network, which wring exec does not touch");
  config.interface.hooks.clear();
  if (config.interface.fwmark && geteuid() != 0) {
    warn(config.interface.fwmark->at, "mark-left-out", "a mark takes CAP_NET_ADMIN on the host");
    config.interface.fwmark.reset();
  }
}

Result<void> use_dns(config::TunnelConfig& config, const std::vector<std::string>& servers) {
  if (!servers.empty()) config.interface.dns_servers.clear();
  for (const std::string& server : servers) {
    const auto address = IpAddress::parse(server);
    if (!address) return failure("--dns " + server + ": no IP address");
    config.interface.dns_servers.push_back({*address, {}});
  }
  return {};
}

Result<config::TunnelConfig> read_config(const ExecWords& words) {
  auto loaded = load_config(words.file);
  if (!loaded) return tl::unexpected(loaded.error());
  leave_out(loaded->config, loaded->diagnostics);
  print_problems(*loaded);
  if (loaded->diagnostics.has_errors()) {
    return failure(loaded->file.name + " has mistakes, see above; nothing was started");
  }
  if (auto used = use_dns(loaded->config, words.dns); !used) return tl::unexpected(used.error());
  return std::move(loaded->config);
}

Result<std::vector<exec::PublishedPort>> publish(const std::vector<std::string>& texts) {
  std::vector<exec::PublishedPort> ports;
  for (const std::string& text : texts) {
    const auto mapping = exec::parse_port_mapping(text);
    if (!mapping) return tl::unexpected(mapping.error());
    auto port = exec::listen_outside(*mapping);
    if (!port) return tl::unexpected(port.error());
    ports.push_back(std::move(*port));
  }
  return ports;
}

Result<std::optional<exec::Room>> open_room(const std::string& name) {
  if (name.empty()) return std::optional<exec::Room>();
  if (!is_interface_name(name)) {
    return failure("--name " + name + ": up to 15 letters, digits and _=+.- are a name");
  }
  auto room = exec::Room::open(exec::room_folder(std::getenv("XDG_RUNTIME_DIR")), name);
  if (!room) return tl::unexpected(room.error());
  return std::optional(std::move(*room));
}

Result<int> exec(const ExecWords& words, const std::vector<std::string>& behind) {
  auto command = choose_program(words.program, behind);
  if (!command) return tl::unexpected(command.error());
  auto ports = publish(words.ports);
  if (!ports) return tl::unexpected(ports.error());
  const auto signals = exec::Signals::block();
  if (!signals) return tl::unexpected(signals.error());
  auto room = open_room(words.name);
  if (!room) return tl::unexpected(room.error());
  const std::string interface = choose_interface(words.file);
  exec::KeeperOptions options;
  options.interface = interface;
  options.command = std::move(*command);
  options.signals = signals->before();
  options.ports = std::move(*ports);
  if (*room) options.room = (*room)->path();
  options.covers = exec::socket_paths(geteuid(), std::getenv("XDG_RUNTIME_DIR"),
                                      std::getenv("DBUS_SESSION_BUS_ADDRESS"),
                                      std::getenv("DBUS_SYSTEM_BUS_ADDRESS"));
  // Before there is a key in memory, because that is copied.
  auto inside = exec::Inside::make(std::move(options));
  if (!inside) return tl::unexpected(inside.error());
  forbid_core_dumps();
  signals->unblock();
  const auto config = read_config(words);
  signals->block_again();
  if (!config) return tl::unexpected(config.error());
  return exec::supervise(*config, interface, std::move(*inside), *signals, std::move(*room));
}

}  // namespace

Action describe_exec(CLI::App& app, const std::vector<std::string>& program) {
  auto words = std::make_shared<ExecWords>();
  app.add_option("CONFIG", words->file, "A configuration of wg-quick; - is stdin")
      ->required()
      ->type_name("");
  app.add_option("--dns", words->dns, "A name server, in place of those of the file; repeatable")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("-p", words->ports,
                 "Have a port of the host lead to a port inside; repeatable. HOST:INSIDE, or\n"
                 "ADDRESS:HOST:INSIDE; without an address it is 127.0.0.1")
      ->type_name("HOST:INSIDE")
      ->allow_extra_args(false);
  app.add_option("--name", words->name, "Let wring enter N run more commands in there")
      ->type_name("N");
  describe_program_words(app, words->program);
  app.footer(
      "COMMAND runs in a user, mount and network namespace of its own, as this user and without\n"
      "capabilities. The exit status is that of COMMAND; 125: it was not started, 126: it cannot\n"
      "be executed, 127: it was not found.");
  return [words, &program]() -> Result<int> {
    auto status = exec(*words, program);
    if (status) return status;
    std::cerr << "wring exec: " << status.error().message << "\n";
    return kNotStarted;
  };
}

}  // namespace wring::command
