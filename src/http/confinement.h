// What each thread of the server may do.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace wring::http {

// The thread that speaks HTTP: it takes clients, and opens neither file nor socket.
[[nodiscard]] Result<void> confine_server(bool filter_system_calls);
// The thread that asks engines: it reads files below `readable`, and connects to local sockets.
[[nodiscard]] Result<void> confine_asker(const std::vector<std::string>& readable,
                                         bool filter_system_calls);

}  // namespace wring::http
