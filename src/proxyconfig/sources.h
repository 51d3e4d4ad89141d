// Where a configuration takes values from that are not in its text. The pure reader asks for them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/diagnostics.h"
#include "proxyconfig/addresses.h"
#include "proxyconfig/variables.h"

namespace wring::proxy {

struct Sources {
  FindVariable variable;  // of the environment
  FindService service;
  // The text of a file. A relative path counts from the working directory.
  std::function<Result<std::string>(const std::string& path)> file;
  // Whether a file can be read.
  std::function<Result<void>(const std::string& path)> readable;
};

// A path that counts from the folder of the file that names it. `%d` at the beginning is the folder
// of credentials that systemd made for the service. Nothing: systemd made none.
[[nodiscard]] std::optional<std::string> path_beside(const std::string& path,
                                                     const std::string& naming,
                                                     const FindVariable& variable);

// The path for a message, or else "this file": a key may stand in the place of a path by mistake.
[[nodiscard]] std::string shown_path(const std::string& path);
// What a message says of a file that could not be read.
[[nodiscard]] config::Complaint unreadable(const std::string& path, const Error& error,
                                           std::string cure);

}  // namespace wring::proxy
