// The system calls that are left to each thread once the process is set up.
#pragma once

#include "base/result.h"

namespace wring {

enum class ThreadRole {
  kControl,     // serves `wg`, opens UDP and netlink sockets, follows the interface
  kWorker,      // moves packets between descriptors that are open
  kHandshakes,  // computes, and wakes the control thread
  kRelay,       // opens TCP and UDP sockets and passes on what comes; reads files (see FileRules)
  kStack,       // moves packets and bytes between sockets that are open; makes pairs of sockets
  // Of the process that serves metrics:
  kServer,  // takes clients over TCP, and opens nothing
  kAsker,   // reads files, and connects to local sockets
};

// From here on the calling thread may make only the system calls of its role. Any other fails with
// EPERM (clone3 with ENOSYS, as C libraries expect). A call of another architecture ends the
// process. No role may start programs or threads, make memory executable, or send a signal to
// another process. None but kRelay and kAsker may open files or connect a socket. A worker may open
// no socket.
//
// Fails where the kernel has no seccomp. Call it when the process has its final pid. Its own
// thread; there is no way back.
[[nodiscard]] Result<void> filter_system_calls(ThreadRole role);

}  // namespace wring
