// The command line of the proxy, which it shares with wireproxy.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proxyconfig/proxy_config.h"

namespace CLI {
class App;
}

namespace wring::proxy {

// The TCP/IP stack at the tunnel's end.
enum class StackKind {
  kAuto,    // the kernel's where user namespaces are allowed, else lwIP
  kKernel,  // in a network namespace
  kLwip,
};

struct Options {
  std::string config_path;  // not empty
  bool silent = false;      // -s: no log
  bool background = false;  // -d
  bool watch = false;       // --watch: reads the configuration again when it changes
  StackKind stack = StackKind::kAuto;
  std::optional<BindAddress> info;  // -i: where /readyz and /metrics are
  // --socks5 and --http: listeners beside those of the file.
  std::vector<Listener> listeners;
};

// There is nothing to run: a text for stdout (status 0) or for stderr.
struct Stop {
  int exit_status = 0;
  std::string text;  // ends with a newline
};

// Reads the command line, and looks for a configuration if it names none. With -n the configuration
// is looked at here, so there is nothing left to run: messages go to stderr, and "Config OK" is the
// text, as with wireproxy.
[[nodiscard]] tl::expected<Options, Stop> parse_options(int argc, const char* const* argv);

// Calls `use` with the description of the options that parse_options() reads.
void with_options_described(const std::function<void(const CLI::App&)>& use);

}  // namespace wring::proxy
