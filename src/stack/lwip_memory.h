// The bound on what lwIP holds: connections, and what was not passed on or not acknowledged yet.
#pragma once

#include <cstddef>

namespace wring::stack {

// Bytes. Beyond it lwIP drops packets, and connections that cannot keep what came end.
inline constexpr std::size_t kMostMemory = 512U << 20;
// Beyond it no window grows.
inline constexpr std::size_t kScarceMemory = 256U << 20;

// What lwIP holds now. The thread that runs lwIP.
[[nodiscard]] std::size_t memory_used();

}  // namespace wring::stack
