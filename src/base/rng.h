// Random bytes as an argument: the pure parts draw from an Rng that the caller gives them.
#pragma once

#include "base/bytes.h"

namespace wring {

class Rng {
 public:
  Rng() = default;
  Rng(const Rng&) = delete;
  Rng& operator=(const Rng&) = delete;
  virtual ~Rng() = default;
  virtual void fill(MutByteSpan out) = 0;

  template <std::size_t N>
  Bytes<N> bytes() {
    Bytes<N> out;
    fill(out);
    return out;
  }
  std::uint32_t u32() { return load<std::uint32_t>(bytes<4>()); }
  // Uniform enough for jitter: below `bound`, which is at least 1.
  std::uint32_t below(std::uint32_t bound) { return u32() % bound; }
};

// The kernel's generator (getrandom). Thread-safe. Ends the process if the kernel has none.
class SystemRng final : public Rng {
 public:
  void fill(MutByteSpan out) override;
};

}  // namespace wring
