// `wring proxy CONFIG`: reads the words and the file, and serves.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "process/descriptors.h"
#include "proxy/background.h"
#include "proxy/handed_in.h"
#include "proxy/supervisor.h"
#include "proxyload/load.h"
#include "proxyload/options.h"

namespace {

using namespace wring::proxy;

int fail(const std::string& message) {
  std::cerr << "wring proxy: " << message << "\n";
  return EXIT_FAILURE;
}

// The text of the files is wiped when this returns.
wring::Result<Rereading> read(const Options& options) {
  auto loaded = load_config(options.config_path);
  if (!loaded) return tl::unexpected(loaded.error());
  Rereading reading{{}, messages_of(loaded->reading, false), std::move(loaded->paths)};
  if (loaded->reading.has_errors()) return reading;
  ProxyConfig& config = reading.config.emplace(std::move(loaded->reading.config));
  config.listeners.insert(config.listeners.end(), options.listeners.begin(),
                          options.listeners.end());
  return reading;
}

// A file that is missing is a mistake like others.
Rereading read_again(const Options& options) {
  auto reading = read(options);
  if (reading) return std::move(*reading);
  return {{}, reading.error().message + "\n", {options.config_path}};
}

}  // namespace

int main(int argc, char** argv) {
  if (auto opened = wring::open_missing_standard_streams(); !opened) {
    return fail(opened.error().message);
  }
  HandedIn handed_in = HandedIn::take();
  const auto options = parse_options(argc, argv);
  if (!options) {
    const Stop& stop = options.error();
    (stop.exit_status == EXIT_SUCCESS ? std::cout : std::cerr) << stop.text;
    return stop.exit_status;
  }
  auto reading = read(*options);
  if (!reading) return fail(reading.error().message);
  std::cerr << reading->said;
  if (!reading->config) {
    return fail(options->config_path + " has mistakes, see above; nothing was started");
  }
  std::function<void()> on_up;
  if (options->background) {
    auto parent = wring::proxy::leave_for_background();
    if (!parent) return fail(parent.error().message);
    on_up = std::move(*parent);
  }
  const auto status =
      supervise(std::move(*reading->config),
                {options->silent, options->info, on_up, std::move(handed_in), options->stack,
                 [&options] { return read_again(*options); },
                 options->watch ? std::move(reading->files) : std::vector<std::string>()});
  return status ? *status : fail(status.error().message);
}
