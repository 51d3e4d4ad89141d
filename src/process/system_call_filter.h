// The system calls that are left to each thread once the process is set up.
#pragma once

#include "base/result.h"

namespace wring {

enum class ThreadRole { kControl, kWorker };

// From here on the calling thread may make only the system calls that its role takes; any other
// fails with EPERM (clone3 with ENOSYS, as C libraries expect). Neither role may open files, start
// programs or threads, or make memory executable; a worker may open no socket but one to the log.
// Fails where the kernel has no seccomp. Its own thread; there is no way back.
Result<void> filter_system_calls(ThreadRole role);

}  // namespace wring
