// A configuration of the proxy from the disk.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "proxyconfig/reader.h"

namespace wring::proxy {

struct Loaded {
  Reading reading;
  // Each file that was read, also those that could not be: a change of one is a change of the
  // configuration. Certificates are among them.
  std::vector<std::string> paths;
};

// Reads the configuration with the files, variables and services that it names. The Error is that
// of a file that cannot be read; all else is in the messages of the reading. Warns of a key or
// password that every user can read, and of values from elsewhere that others could change.
[[nodiscard]] Result<Loaded> load_config(const std::string& path);

// Where wireproxy looks when no path is given: the first of these that there is. Empty: neither.
[[nodiscard]] std::string default_config_path();

}  // namespace wring::proxy
