// `wring proxy CONFIG`: reads the words and the file, and serves.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "process/descriptors.h"
#include "proxy/background.h"
#include "proxy/handed_in.h"
#include "proxy/supervisor.h"
#include "proxyload/load.h"
#include "proxyload/options.h"

namespace {

int fail(const std::string& message) {
  std::cerr << "wring proxy: " << message << "\n";
  return EXIT_FAILURE;
}

// The text of the files is wiped when this returns.
wring::Result<wring::proxy::ProxyConfig> read(const std::string& path) {
  auto loaded = wring::proxy::load_config(path);
  if (!loaded) return tl::unexpected(loaded.error());
  std::cerr << messages_of(loaded->reading, false);
  if (loaded->reading.has_errors()) {
    return wring::failure(path + " has mistakes, see above; nothing was started");
  }
  return std::move(loaded->reading.config);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace wring::proxy;
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
  auto config = read(options->config_path);
  if (!config) return fail(config.error().message);
  for (const Listener& listener : options->listeners)
    config->listeners.push_back(listener);
  std::function<void()> on_up;
  if (options->background) {
    auto parent = wring::proxy::leave_for_background();
    if (!parent) return fail(parent.error().message);
    on_up = std::move(*parent);
  }
  const auto status =
      supervise(std::move(*config), {options->silent, options->info, on_up, std::move(handed_in)});
  return status ? *status : fail(status.error().message);
}
