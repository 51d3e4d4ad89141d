// Asks the kernel how full a socket is.
#include "io/send_budget.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

namespace wring {

SendBudget::SendBudget(int fd) : fd_(fd) {
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size > 0) {
    buffer_ = static_cast<std::size_t>(size);
  }
  refresh();
}

// A datagram that is larger than the whole budget passes when the socket is writable. The kernel
// accepts it then, because it looks at what the socket held before.
bool SendBudget::take_oversized() {
  const std::size_t limit = buffer_ / 8 * 5;
  if (left_ != left_when_asked_ || limit - left_ >= buffer_ / 2) return false;
  left_ = 0;
  return true;
}

SocketFill SendBudget::refresh() {
  int queued = 0;
  if (ioctl(fd_, SIOCOUTQ, &queued) != 0 || queued < 0) queued = 0;
  const SocketFill fill{static_cast<std::size_t>(queued), buffer_ / 8 * 5};
  left_ = fill.limit - std::min(fill.limit, fill.queued);
  left_when_asked_ = left_;
  return fill;
}

}  // namespace wring
