// Keeps what holds keys out of swap.
#pragma once

#include "base/result.h"

namespace wring {

// Locks all memory of the process, present and future, each page from its first use on: none is
// touched for it, so that the process gets no larger. All and not only the keys themselves, for
// what is computed with them passes through stacks, buffers and spilled registers. Lasts when
// capabilities are given up later, and is not inherited by fork().
//
// Needs RLIMIT_MEMLOCK to be unlimited, or CAP_SYS_RESOURCE to make it so. Fails else, and then
// locks nothing: under a limit every allocation beyond it would fail, a peer's or a thread's too.
[[nodiscard]] Result<void> lock_memory();

}  // namespace wring
