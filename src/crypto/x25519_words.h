// What surrounds the ladder of X25519 in lanes of any width: numbers in, numbers out, and wiping.
#pragma once

#include <sodium.h>

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "crypto/x25519_lanes.h"

namespace wring {

// Numbers of 256 bits, one in each lane, words of 64 bits from the lowest on.
template <std::size_t kLanes>
using X25519Words = std::array<std::array<std::uint64_t, kLanes>, 4>;

// Computes one to kLanes products by `ladder`, which gets clamped scalars and leaves secrets on
// `stack` bytes of the stack at most. Any thread.
template <std::size_t kLanes>
void x25519_by(X25519Words<kLanes> (*ladder)(const X25519Words<kLanes>& scalars,
                                             const X25519Words<kLanes>& points),
               std::size_t stack, std::span<const X25519Lane> lanes) {
  assert(!lanes.empty() && lanes.size() <= kLanes);
  X25519Words<kLanes> scalars{};  // idle lanes multiply the point zero by zero
  X25519Words<kLanes> points{};
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (std::size_t word = 0; word < scalars.size(); ++word) {
      scalars[word][lane] = load<std::uint64_t>(lanes[lane].scalar, 8 * word);
      points[word][lane] = load<std::uint64_t>(lanes[lane].point, 8 * word);
    }
    scalars[0][lane] &= ~std::uint64_t{7};
    scalars[3][lane] &= ~(std::uint64_t{1} << 63);
    scalars[3][lane] |= std::uint64_t{1} << 62;
  }
  X25519Words<kLanes> products = ladder(scalars, points);
  sodium_stackzero(stack);
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    for (std::size_t word = 0; word < products.size(); ++word)
      store(lanes[lane].product, products[word][lane], 8 * word);
  }
  sodium_memzero(&scalars, sizeof scalars);
  sodium_memzero(&products, sizeof products);
}

}  // namespace wring
