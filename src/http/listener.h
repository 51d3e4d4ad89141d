// The socket on which a server waits for clients.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::http {

// Listens on a TCP socket at ADDR:PORT, such as 127.0.0.1:9586 or [::]:9586, which serves IPv4,
// too.
[[nodiscard]] Result<UniqueFd> listen_at(const std::string& place);

}  // namespace wring::http
