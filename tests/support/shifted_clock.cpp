// Shifts the clocks of the program into which it is preloaded (LD_PRELOAD), for tests of a clock
// that is set back and of a machine that slept. SHIFTED_CLOCK names a file of two 64-bit numbers,
// the nanoseconds by which CLOCK_REALTIME and CLOCK_BOOTTIME are ahead of the truth. A test may
// change them at any time. The file is mapped when the program starts, before it gives up opening
// files.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

struct Shifts {
  std::atomic<std::int64_t> real;
  std::atomic<std::int64_t> boot;
};

Shifts* map_file() {
  const int fd = open(std::getenv("SHIFTED_CLOCK"), O_RDWR | O_CLOEXEC);
  void* memory = mmap(nullptr, sizeof(Shifts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) std::abort();
  close(fd);
  return static_cast<Shifts*>(memory);
}

Shifts* const shifts = map_file();

void add(timespec& time, std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t sum = time.tv_sec * kSecond + time.tv_nsec + nanoseconds;
  time = {.tv_sec = sum / kSecond, .tv_nsec = sum % kSecond};
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  // Before the constructor ran, and for all other clocks, the truth.
  if (shifts != nullptr && clock == CLOCK_REALTIME) add(*time, shifts->real);
  if (shifts != nullptr && clock == CLOCK_BOOTTIME) add(*time, shifts->boot);
  return static_cast<int>(result);
}

// The kernel's timers go by its own clock. What is armed when the shift changes stays as it was, so
// a test that has the machine "wake up" makes the program look at its clock, as a timer would.
extern "C" int timerfd_settime(int fd, int flags, const itimerspec* when,
                               itimerspec* old) noexcept {
  itimerspec truth = *when;
  const bool armed = truth.it_value.tv_sec != 0 || truth.it_value.tv_nsec != 0;
  if (armed && (flags & TFD_TIMER_ABSTIME) != 0) {
    add(truth.it_value, -shifts->boot);
    if (truth.it_value.tv_sec <= 0) truth.it_value = {.tv_sec = 0, .tv_nsec = 1};
  }
  return static_cast<int>(syscall(SYS_timerfd_settime, fd, flags, &truth, old));
}
