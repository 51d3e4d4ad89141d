// How the engines compare tags.
#pragma once

#include "crypto/aead.h"

namespace wring {

// In constant time: both halves are read and joined before anything depends on them.
[[nodiscard]] inline bool same_tag(std::span<const std::uint8_t, kTagSize> a,
                                   std::span<const std::uint8_t, kTagSize> b) {
  const std::uint64_t difference = (load<std::uint64_t>(a) ^ load<std::uint64_t>(b)) |
                                   (load<std::uint64_t>(a, 8) ^ load<std::uint64_t>(b, 8));
  return difference == 0;
}

}  // namespace wring
