// The process outside: it drives the engine, looks up the names of peers, and tells how things are.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/handed_in.h"
#include "proxy/reload.h"
#include "proxyconfig/proxy_config.h"
#include "proxyload/options.h"

namespace wring::proxy {

struct Settings {
  bool silent = false;              // no log
  std::optional<BindAddress> info;  // where /readyz and /metrics are
  // Called once when all is up, and lets go of stderr; empty: this is no background process.
  std::function<void()> on_up;
  HandedIn handed_in;
  StackKind stack = StackKind::kAuto;
  // Reads the configuration again, for SIGHUP.
  std::function<Rereading()> read;
  // Whose changes have it read again; empty: only SIGHUP does.
  std::vector<std::string> watched;
};

// Serves until a signal asks for its end, or the connection of stdin and stdout is over. Returns
// the exit status. The process has one thread at first. The Error says why it could not start, or
// why it could not go on.
[[nodiscard]] Result<int> supervise(ProxyConfig config, const Settings& settings);

}  // namespace wring::proxy
