// The zeros behind a packet that hide its exact length. [WG] 5.4.6
#pragma once

#include <algorithm>
#include <cstddef>

namespace wring {

inline constexpr std::size_t kPaddingMultiple = 16;  // [WG] 5.4.6

// The size of a packet with its zeros: a multiple of 16, but not past the interface's MTU (P4).
constexpr std::size_t padded_size(std::size_t size, std::size_t mtu) {
  const std::size_t rounded = (size + kPaddingMultiple - 1) / kPaddingMultiple * kPaddingMultiple;
  return std::max(size, std::min(rounded, mtu));
}

}  // namespace wring
