// Asks the kernel for random bytes.
#include "base/rng.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace wring {

void SystemRng::fill(MutByteSpan out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      // Without entropy all keys could be guessed, so end here.
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace wring
