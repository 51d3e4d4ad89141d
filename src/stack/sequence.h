// TCP's sequence numbers, which wrap around.
#pragma once

#include <cstdint>

namespace wring::stack {

// RFC 9293, 3.4: numbers that are compared are less than 2^31 apart.
constexpr bool precedes(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}

// Bytes of a stream, without the one at `end`.
struct SequenceRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::uint32_t size() const { return end - begin; }
  [[nodiscard]] bool operator==(const SequenceRange&) const = default;
};

}  // namespace wring::stack
