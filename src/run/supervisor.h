// Brings a tunnel up, keeps it, changes it when its file changes, and takes it down.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/tunnel_config.h"
#include "run/firewall.h"

namespace wring::run {

// One reading of a configuration.
struct Reading {
  std::optional<config::TunnelConfig> config;  // nothing: it has mistakes
  std::string said;                            // lines about mistakes and warnings
  std::vector<std::string> files;              // all that were read or looked for
};

struct Task {
  std::string interface;
  config::TunnelConfig config;
  std::string said;  // warnings that were printed already
  std::string file;  // its path; empty: it came from stdin, and SaveConfig is not on
  // Reads the configuration again. Null: it came from stdin.
  std::function<Reading()> read;
  // Whether it is read again when its files change. Then `read` is not null.
  bool watch = false;
  Gateway gateway;
  std::vector<std::string> engine_options;  // words of the engine's command line
  // The server of metrics and its words, which is started beside the engine; empty: none.
  std::vector<std::string> metrics;
};

// Serves the interface until SIGTERM or SIGINT, or until the terminal is gone, and takes everything
// back; then the result is empty. SIGHUP and `wring reload` have it read the configuration again,
// and change what differs. An Error if the interface could not be brought up, or if its engine
// ended: everything is taken back as well. The configuration's hooks are run. Says on stderr when
// the interface is up. The process has one thread at first, and blocks those signals from then on.
[[nodiscard]] Result<void> supervise(Task task);

}  // namespace wring::run
