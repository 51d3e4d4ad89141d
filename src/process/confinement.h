// What each kind of thread gives up when it is set up.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "process/system_call_filter.h"

namespace wring {

// Confines the calling thread, which moves packets or computes handshakes: no capability, no file,
// and with `filter_system_calls` only the calls of its role. Its own thread; there is no way back.
[[nodiscard]] Result<void> confine_worker(ThreadRole role, bool filter_system_calls);

// Confines the calling thread, which is the control thread, to the calls of its role. It keeps the
// capabilities that drop_privileges() left it, and may delete files in `socket_folder` (none if it
// is empty). Nothing can be opened after it.
[[nodiscard]] Result<void> confine_control(const std::string& socket_folder);

// Confines the calling thread, which passes on bytes between sockets and makes new ones: no
// capability, no file but those to be read, and only the calls of its role. Threads that it starts
// later are confined as well. There is no way back.
[[nodiscard]] Result<void> confine_relay(const std::vector<std::string>& readable);
// The same, but it keeps CAP_NET_RAW and CAP_NET_BIND_SERVICE. Its filter allows no raw socket, so
// it may make sockets with addresses and ports of others (IP_TRANSPARENT), and nothing else by
// them.
[[nodiscard]] Result<void> confine_gateway(const std::vector<std::string>& readable);

// Confines the calling thread, which runs a TCP/IP stack between sockets that are open: no
// capability, no file, and only the calls of its role. There is no way back.
[[nodiscard]] Result<void> confine_stack();

}  // namespace wring
