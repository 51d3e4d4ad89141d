// Turns off core dumps in the three ways that there are.
#include "process/core_dumps.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace wring {

void forbid_core_dumps() {
  if (const UniqueFd parts(::open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)); parts) {
    [[maybe_unused]] const auto written = write(parts.get(), "0", 1);
  }
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  forbid_own_core_dump();
}

void forbid_own_core_dump() {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace wring
