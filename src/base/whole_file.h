// Reads files that may hold secrets.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace wring {

// All up to the end, or up to `limit` bytes, which fails. `name` is for messages. No copy of what
// is read stays behind, but the result, which the caller wipes.
[[nodiscard]] Result<std::string> read_whole(int fd, const std::string& name, std::size_t limit);
// The same of the file at `path`.
[[nodiscard]] Result<std::string> read_whole_file(const std::string& path, std::size_t limit);

}  // namespace wring
