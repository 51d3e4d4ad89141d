// Anonymous memory that a fork() shares.
#include "proxy/counters.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>

namespace wring::proxy {

const char* to_string(Refusal refusal) {
  constexpr const char* kNames[] = {"not_allowed", "full",       "protocol",    "too_slow",
                                    "credentials", "name",       "unreachable", "refused",
                                    "time_out",    "unsupported"};
  static_assert(std::size(kNames) == kRefusals);
  return kNames[static_cast<std::size_t>(refusal)];
}

Result<Shared*> make_shared_counters() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "it works between processes");
  void* const memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return system_failure("cannot share memory", errno);
  return new (memory) Shared();
}

}  // namespace wring::proxy
