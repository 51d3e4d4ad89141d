#include "process/locked_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>

namespace wring {

Result<void> lock_memory() {
  // Not by CAP_IPC_LOCK, which passes over the limit as well: each thread would have to keep it for
  // as long as it allocates.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0 ||
      mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    return system_failure("cannot lock memory, so keys may be swapped out", errno,
                          "raise the limit of locked memory to unlimited (ulimit -l)");
  }
  return {};
}

}  // namespace wring
