// The system calls that are left to each thread once the process is set up.
#pragma once

#include "base/result.h"

namespace wring {

enum class ThreadRole {
  kControl,     // serves `wg`, opens UDP and netlink sockets, follows the interface
  kWorker,      // moves packets between descriptors that are open
  kHandshakes,  // computes, and wakes the control thread
};

// From here on the calling thread may make only the system calls of its role. Any other fails with
// EPERM (clone3 with ENOSYS, as C libraries expect). A call of another architecture ends the
// process. No role may open files, start programs or threads, make memory executable, connect a
// socket, or send a signal to another process. A worker may open no socket.
//
// Fails where the kernel has no seccomp. Call it when the process has its final pid. Its own
// thread; there is no way back.
[[nodiscard]] Result<void> filter_system_calls(ThreadRole role);

}  // namespace wring
