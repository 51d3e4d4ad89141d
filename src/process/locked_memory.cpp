// Raises the limit of locked memory, then locks everything.
#include "process/locked_memory.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>

namespace wring {

Result<void> lock_memory() {
  // CAP_IPC_LOCK would also pass over the limit, but each thread would have to keep it as long as
  // it allocates.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0 ||
      mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    return system_failure("cannot lock memory, so keys may be swapped out", errno,
                          "raise the limit of locked memory to unlimited (ulimit -l)");
  }
  return {};
}

}  // namespace wring
