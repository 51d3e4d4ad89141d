// The command line and the environment, which wring shares with wireguard-go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/logging.h"
#include "process/privileges.h"
#include "pump/make_pump.h"

namespace wring {

struct Options {
  std::string interface;
  bool foreground = false;
  unsigned workers = 1;
  std::vector<unsigned> cpus;  // one for each worker; empty: wherever the kernel puts them
  PumpKind io = PumpKind::kAuto;
  bool offload = true;
  std::string key_log;  // a path; empty: none
  LogLevel log_level = LogLevel::kError;
  Privileges privileges;
  std::optional<int> tun_fd;   // WG_TUN_FD
  std::optional<int> uapi_fd;  // WG_UAPI_FD
};

// Prints --help or --version, or one line on what is wrong, and returns the exit status in
// `exit_status` when there is nothing to run.
std::optional<Options> parse_options(int argc, const char* const* argv, int& exit_status);

}  // namespace wring
