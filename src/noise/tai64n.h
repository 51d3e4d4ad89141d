// TAI64N labels: the time stamps that make a replayed initiation recognisable ([WG] 5.1, 5.4.2).
#pragma once

#include <compare>

#include "base/bytes.h"
#include "base/clock.h"

namespace wring {

// Eight bytes of seconds and four of nanoseconds, both big-endian, so that byte order is time
// order. The default, all zeros, is before every real stamp.
struct Tai64n {
  Bytes<12> bytes{};

  friend bool operator==(const Tai64n&, const Tai64n&) = default;
  friend std::strong_ordering operator<=>(const Tai64n&, const Tai64n&) = default;
};

// The stamp for `now`, with its nanoseconds whitened to steps of 2^24 (17 ms), because a precise
// clock reading helps an attacker who measures timing on this machine.
[[nodiscard]] Tai64n tai64n_from(WallTime now);

// The next whitened stamp after `stamp`. A sender whose clock was set back needs it, because peers
// accept only stamps that grow (P5).
[[nodiscard]] Tai64n successor(const Tai64n& stamp);

}  // namespace wring
