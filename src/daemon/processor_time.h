// How long a thread has run.
#pragma once

#include <pthread.h>
#include <time.h>

#include <cstdint>

namespace wring {

// The processor time of a thread that has not been joined, in nanoseconds: its own and that which
// the kernel took for it. 0 if the kernel does not tell. Any thread may ask; the thread that is
// asked about does not notice.
inline std::uint64_t processor_ns(pthread_t thread) {
  clockid_t clock{};
  timespec time{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace wring
