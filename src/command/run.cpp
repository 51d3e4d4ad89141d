// Brings a tunnel up from one file of wg-quick, and keeps it until it is told to end.
#include "command/run.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command/config_file.h"
#include "command/interface_name.h"
#include "metrics/options.h"
#include "process/core_dumps.h"
#include "run/programs.h"
#include "run/supervisor.h"

namespace wring::command {
namespace {

using config::Severity;

struct RunWords {
  std::string file;
  std::string interface;
  bool allow_hooks = false;
  bool watch = false;
  run::Gateway gateway;
  std::string metrics;        // where they are served; empty: nowhere
  std::string metrics_peers;  // as `wring metrics` has it; empty: its default
};

// The file's name without ".conf", as with wg-quick, unless --interface says another.
Result<std::string> choose_interface(const RunWords& words, const std::string& file) {
  if (!words.interface.empty()) {
    if (is_interface_name(words.interface)) return words.interface;
    return failure("\"" + words.interface +
                   "\" can be no interface's name; up to 15 letters, digits and _=+.- can");
  }
  if (words.file == "-") return failure("stdin has no name for the interface; add --interface wg0");
  const std::filesystem::path path(file);
  if (path.extension() == ".conf" && is_interface_name(path.stem().string())) return path.stem();
  return failure(file + " is not named INTERFACE.conf; name it so, or add --interface wg0");
}

// What the file may have for wg-quick or with an option, but not here.
void refuse(const config::TunnelConfig& config, const RunWords& words,
            config::Diagnostics& diagnostics) {
  for (const config::Hook& hook : config.interface.hooks) {
    if (words.allow_hooks) break;
    diagnostics.add(Severity::kError, hook.at, 1,
                    {"hooks-not-allowed", "hooks run only if they are allowed",
                     "add --allow-hooks if you trust the file, or remove the line"});
  }
  const auto& save = config.interface.save_config;
  if (save && save->value && words.file == "-") {
    diagnostics.add(Severity::kError, save->at, 1,
                    {"save-config", "stdin cannot be written to",
                     "remove the line, and use wring showconf to save what was changed"});
  }
}

// By the path of the first reading, even if no file is there at the moment. A file that cannot be
// read at all is a mistake like others.
run::Reading read_again(const RunWords& words) {
  auto loaded = load_config(words.file, {.is_path = true});
  if (!loaded) return {{}, "wring run: " + loaded.error().message + "\n", {words.file}};
  refuse(loaded->config, words, loaded->diagnostics);
  run::Reading reading{{}, problems_of(*loaded), std::move(loaded->files)};
  if (!loaded->diagnostics.has_errors()) reading.config.emplace(std::move(loaded->config));
  return reading;
}

Result<void> check_words(const RunWords& words) {
  const std::string& device = words.gateway.masquerade;
  if (!device.empty() && !is_interface_name(device)) {
    return failure("\"" + device +
                   "\" can be no interface's name; give --masquerade the interface "
                   "that leads out, eth0 for example");
  }
  if (words.metrics.empty() && !words.metrics_peers.empty()) {
    return failure("--metrics-peers says what --metrics serves; add --metrics 127.0.0.1:9586");
  }
  if (words.watch && words.file == "-") {
    return failure("stdin cannot be read again; leave --watch out, or give a file");
  }
  return {};
}

// The program that serves metrics of this tunnel, and its words; nothing if none is wanted.
Result<std::vector<std::string>> metrics_server(const RunWords& words, const run::Task& task) {
  if (words.metrics.empty()) return std::vector<std::string>();
  const auto program = run::find_metrics_server();
  if (!program) return tl::unexpected(program.error());
  metrics::Options options;
  options.listen = words.metrics;
  options.interfaces = {task.interface};
  if (!words.metrics_peers.empty()) options.peers = words.metrics_peers;
  if (!task.file.empty()) options.names = {task.file};
  std::vector<std::string> command = metrics::words_of(options);
  command.insert(command.begin(), *program);
  return command;
}

Result<int> run(const RunWords& words, const std::vector<std::string>& engine_options) {
  forbid_own_core_dump();  // it keeps the configuration with its keys
  if (auto checked = check_words(words); !checked) return tl::unexpected(checked.error());
  auto loaded = load_config(words.file);
  if (!loaded) return tl::unexpected(loaded.error());
  refuse(loaded->config, words, loaded->diagnostics);
  print_problems(*loaded);
  if (loaded->diagnostics.has_errors()) {
    return failure(loaded->file.name + " has mistakes, see above; nothing was changed");
  }
  auto interface = choose_interface(words, loaded->file.name);
  if (!interface) return tl::unexpected(interface.error());
  run::Task task;
  task.interface = std::move(*interface);
  task.said = problems_of(*loaded);
  task.config = std::move(loaded->config);
  if (words.file != "-") {
    task.file = loaded->file.name;
    RunWords again = words;
    again.file = loaded->file.name;
    task.read = [again = std::move(again)] { return read_again(again); };
  }
  task.watch = words.watch;
  task.engine_options = engine_options;
  task.gateway = words.gateway;
  task.gateway.clamp_mss = words.gateway.clamp_mss || !words.gateway.masquerade.empty();
  auto server = metrics_server(words, task);
  if (!server) return tl::unexpected(server.error());
  task.metrics = std::move(*server);
  if (auto ended = run::supervise(std::move(task)); !ended) return tl::unexpected(ended.error());
  return EXIT_SUCCESS;
}

}  // namespace

Action describe_run(CLI::App& app, const std::vector<std::string>& engine_options) {
  auto words = std::make_shared<RunWords>();
  app.add_option("CONFIG", words->file, "A configuration of wg-quick; - is stdin")
      ->required()
      ->type_name("");
  app.add_option("--interface", words->interface,
                 "The interface's name; without it the file's name says it")
      ->type_name("IF");
  app.add_flag("--allow-hooks", words->allow_hooks,
               "Run the commands of PreUp, PostUp, PreDown and PostDown");
  app.add_flag("--watch", words->watch,
               "Change the tunnel when the file or a file of keys changes");
  app.add_option("--masquerade", words->gateway.masquerade,
                 "Give what comes out of the tunnel and leaves by this interface its address; "
                 "clamps the MSS, too")
      ->type_name("IF");
  app.add_flag("--clamp-mss", words->gateway.clamp_mss,
               "Make the segments of TCP that others send through the tunnel fit");
  app.add_option("--metrics", words->metrics,
                 "Serve metrics of the tunnel to Prometheus there, as wring metrics does")
      ->type_name("ADDR:PORT");
  app.add_option("--metrics-peers", words->metrics_peers,
                 "Which peers have series: all (default), active, or none")
      ->type_name("PEERS")
      ->check(CLI::IsMember({"all", "active", "none"}).description(""));
  app.footer(
      "Stays in the foreground. SIGINT or SIGTERM takes everything back and ends it. SIGHUP has "
      "it\n"
      "read the file again, and change what differs. Behind -- come options of the engine, as\n"
      "wring INTERFACE has them: wring run wg0.conf -- --workers 1 --io epoll");
  return [words, &engine_options] { return run(*words, engine_options); };
}

}  // namespace wring::command
