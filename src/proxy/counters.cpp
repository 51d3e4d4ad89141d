// Anonymous memory that a fork() shares.
#include "proxy/counters.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>

namespace wring::proxy {

Result<Shared*> make_shared_counters() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "it works between processes");
  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return system_failure("cannot share memory", errno);
  return new (memory) Shared();
}

}  // namespace wring::proxy
