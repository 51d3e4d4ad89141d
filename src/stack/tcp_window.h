// How far a connection's window is open: it begins small, and doubles while its reader keeps up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wring::stack {

// Pure.
class TcpWindow {
 public:
  static constexpr std::uint32_t kFirst = 128U << 10;

  explicit TcpWindow(std::uint32_t most) : most_(most) {}
  [[nodiscard]] std::uint32_t size() const { return size_; }
  // Bytes were passed on to the reader; `late` if others wait for it still, or memory is scarce.
  // Returns by how much the window grows: after each full window that did not wait.
  [[nodiscard]] std::uint32_t on_passed(std::size_t bytes, bool late);

 private:
  std::uint32_t most_;
  std::uint32_t size_ = kFirst;
  std::size_t in_time_ = 0;
};

}  // namespace wring::stack
