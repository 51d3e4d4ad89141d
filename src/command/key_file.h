// Keys in files and on stdin, as `wg` reads them.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace wring::command {

// Reads a key to the end of the descriptor: 44 characters of base64, then nothing but white space.
// `name` is what an error calls it. No copy of the key stays behind.
[[nodiscard]] Result<void> read_key(int fd, const std::string& name, MutByteSpan key);

// The same with a file. An empty one is a key of zeros, which means "none": /dev/null, for example.
[[nodiscard]] Result<void> read_key_file(const std::string& path, MutByteSpan key);

}  // namespace wring::command
