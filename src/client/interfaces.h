// The control sockets of this host's engines.
#pragma once

#include <sys/un.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "control/uapi_socket.h"

namespace wring::client {

// The interfaces that answer in this folder, by name. An engine that was killed may have left a
// socket behind, which is not listed. A folder that is missing has none.
[[nodiscard]] Result<std::vector<std::string>> list_interfaces(
    const std::string& folder = kUapiFolder);

// FOLDER/INTERFACE.sock. Refuses (EINVAL) what can be no interface's name, such as "" and "a/b".
[[nodiscard]] Result<sockaddr_un> control_address(const std::string& interface,
                                                  const std::string& folder);

}  // namespace wring::client
