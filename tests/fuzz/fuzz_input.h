// An input as a stream from which a target takes what it needs; past its end everything is zero.
#pragma once

#include <algorithm>

#include "base/bytes.h"

namespace wring::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    const ByteSpan taken = bytes(1);
    return taken.empty() ? std::uint8_t{0} : taken[0];
  }
  // At most as many as are left.
  ByteSpan bytes(std::size_t size) {
    const ByteSpan taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  template <std::size_t N>
  Bytes<N> array() {
    Bytes<N> filled{};
    const ByteSpan taken = bytes(N);
    std::copy(taken.begin(), taken.end(), filled.begin());
    return filled;
  }

 private:
  ByteSpan rest_;
};

}  // namespace wring::fuzz
