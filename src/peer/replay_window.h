// Remembers which counters of a session were received, so that none is taken twice (P19, RFC 6479).
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace wring {

// A ring of 128 words of 64 bits. The word that the greatest counter lies in may be new but for one
// bit, hence 8128 of the 8192 bits are usable: a counter more than 8128 below the greatest one is
// too old. Not thread-safe: the session guards it. Until a counter of 64 or more is accepted the
// window is one word inside the object, so that idle sessions do not pay for the kilobyte of the
// ring.
class ReplayWindow {
 public:
  // True, once, for a counter that is neither too old nor past the last one that a session may use
  // (kRejectAfterMessages); marks it as received. Only for a message that has authenticated.
  [[nodiscard]] bool accept(std::uint64_t counter);
  // What accept() would return now; marks nothing.
  [[nodiscard]] bool would_accept(std::uint64_t counter) const;

 private:
  static constexpr std::uint64_t kWordBits = 64;
  static constexpr std::uint64_t kWords = 128;
  static constexpr std::uint64_t kUsable = (kWords - 1) * kWordBits;
  using Ring = std::array<std::uint64_t, kWords>;

  static std::uint64_t slot(std::uint64_t counter) { return counter / kWordBits % kWords; }
  void advance_to(std::uint64_t counter);

  std::uint64_t greatest_ = 0;    // before the first accept() as well: no bit is set then
  std::uint64_t first_word_ = 0;  // counters 0 to 63, while there is no ring
  std::unique_ptr<Ring> ring_;
};

}  // namespace wring
