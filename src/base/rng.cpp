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
      // Going on without entropy would give keys that can be guessed.
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace wring
