// The command line and the environment, which wring shares with wireguard-go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cli/handed_in.h"
#include "cli/logging.h"
#include "crypto/aead_backend.h"
#include "process/privileges.h"
#include "pump/make_pump.h"

namespace CLI {
class App;
}

namespace wring {

struct Options {
  std::string interface;
  bool foreground = false;
  unsigned workers = 1;
  std::vector<unsigned> cpus;  // one for each worker; empty: the kernel chooses
  PumpKind io = PumpKind::kAuto;
  bool offload = true;
  std::optional<AeadBackend> cipher;  // WRING_AEAD; none: the best there is
  std::string key_log;                // a path; empty: none
  LogLevel log_level = LogLevel::kError;
  Privileges privileges;
  HandedInNumbers handed_in;
};

// There is nothing to run: the text of --help or --version (status 0), or a line that says what is
// wrong.
struct Stop {
  int exit_status = 0;
  std::string text;  // ends with a newline
};

// Reads the command line, the environment and the system's list of users.
[[nodiscard]] tl::expected<Options, Stop> parse_options(int argc, const char* const* argv);

// Calls `use` with the description of the options that parse_options() reads.
void with_options_described(const std::function<void(const CLI::App&)>& use);

// Prints the text where it belongs and returns the exit status.
int print(const Stop& stop);

}  // namespace wring
