// The command line and the environment, which wring shares with wireguard-go.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/logging.h"
#include "process/privileges.h"
#include "pump/make_pump.h"

namespace wring {

struct Options {
  std::string interface;
  bool foreground = false;
  unsigned workers = 1;
  std::vector<unsigned> cpus;  // one for each worker; empty: the kernel chooses
  PumpKind io = PumpKind::kAuto;
  bool offload = true;
  std::string key_log;  // a path; empty: none
  LogLevel log_level = LogLevel::kError;
  Privileges privileges;
  std::optional<int> tun_fd;   // WG_TUN_FD
  std::optional<int> uapi_fd;  // WG_UAPI_FD
};

// There is nothing to run: the text of --help or --version (status 0), or a line that says what is
// wrong.
struct Stop {
  int exit_status = 0;
  std::string text;  // ends with a newline
};

// Reads the command line, the environment and the system's list of users.
[[nodiscard]] tl::expected<Options, Stop> parse_options(int argc, const char* const* argv);

// Prints the text where it belongs and returns the exit status.
int print(const Stop& stop);

}  // namespace wring
