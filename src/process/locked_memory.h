// Keeps what holds keys out of swap.
#pragma once

#include "base/result.h"

namespace wring {

// Locks all memory of the process, now and in the future. Each page is locked when it is first
// used, so the process does not grow. Locking only the keys would not do, because values computed
// from them pass through stacks, buffers and spilled registers. The lock outlasts the capabilities.
// fork() does not inherit it.
//
// Needs RLIMIT_MEMLOCK to be unlimited, or CAP_SYS_RESOURCE to make it so. Otherwise it fails and
// locks nothing: under a limit, every allocation beyond it would fail, even a peer's or a thread's.
[[nodiscard]] Result<void> lock_memory();

}  // namespace wring
