// Doubles after each window that was read in time.
#include "stack/tcp_window.h"

#include <algorithm>

namespace wring::stack {

std::uint32_t TcpWindow::on_passed(std::size_t bytes, bool late) {
  if (!late) in_time_ += bytes;
  if (in_time_ < size_ || size_ >= most_) return 0;
  in_time_ = 0;
  const std::uint32_t before = size_;
  size_ = std::min(most_, size_ * 2);
  return size_ - before;
}

}  // namespace wring::stack
