// Stdin and stdout as one socket.
#pragma once

#include <functional>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::proxy {

struct StdioBridge {
  UniqueFd socket;
  std::thread to_stdout;  // ends when all is written that came before the socket was closed
};

// Threads copy between them and the socket, because the two may be anything at all: a file, a
// terminal, pipes that somebody else needs blocking. That of stdin ends with the process. Each
// calls `confine` first, and copies nothing before that returns.
[[nodiscard]] Result<StdioBridge> bridge_stdio(const std::function<void()>& confine);

}  // namespace wring::proxy
