// Configurations from the disk or stdin, with the values that they take from elsewhere.
#pragma once

#include <sodium.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "config/diagnostics.h"
#include "config/parser.h"
#include "config/tunnel_config.h"

namespace wring::command {

// In bytes. 100,000 peers take some 20 MB.
inline constexpr std::size_t kMaxConfigSize = 64U << 20;

// The text may hold keys, so it is overwritten at the end.
struct ConfigFile {
  std::string name;  // "stdin" for "-"
  std::string text;
  bool others_read = false;   // a regular file that every user of the machine may read
  bool others_write = false;  // a regular file that its group or every user may write

  ConfigFile() = default;
  ConfigFile(ConfigFile&& other) = default;
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  ConfigFile& operator=(ConfigFile&&) = delete;
  ~ConfigFile() { sodium_memzero(text.data(), text.size()); }
};

// A configuration with what was found in it.
struct LoadedConfig {
  ConfigFile file;
  config::TunnelConfig config;
  config::Diagnostics diagnostics;
  // Itself, but for stdin, and the files of keys that it names.
  std::vector<std::string> files;
};

struct LoadOptions {
  // Which keys there may be.
  config::Dialect dialect = config::Dialect::kWgQuick;
  // How a reference that leads nowhere is reported.
  config::Severity missing = config::Severity::kError;
  // Whether to look for what is legal but surely not meant, which refuses a tunnel without a key.
  bool lint = true;
  // Whether the name is the path, even if it could be the name of an interface.
  bool is_path = false;
};

// Reads, parses and checks the configuration, and puts in what it takes from elsewhere. `name` is a
// path, "-" for stdin, or as with wg-quick the name of an interface: wg0 is /etc/wireguard/wg0.conf
// if there is such a file. Warns of a key that others can read. A file that others can write may
// have no references, because who writes it could have a variable sent anywhere. The Error is that
// of a file that cannot be read; all else is in the diagnostics.
[[nodiscard]] Result<LoadedConfig> load_config(const std::string& name,
                                               const LoadOptions& options = {});

// The path that load_config() reads for this name.
[[nodiscard]] std::string path_of_config(const std::string& name);

// Errors and warnings, each with its line. Notes are for `wring check`.
[[nodiscard]] std::string problems_of(const LoadedConfig& loaded);
// The same to stderr.
void print_problems(const LoadedConfig& loaded);

}  // namespace wring::command
