#include "io/send_budget.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>

namespace wring {
namespace {

// What the kernel charges is the memory behind a datagram, fragments and bookkeeping included. This
// is an upper bound, reached by none; its only cost is that the socket is asked more often. A send
// that is segmented is charged for each of its datagrams, once the interface turns out not to
// segment by itself.
std::size_t charge_for(std::size_t payload, std::size_t segment_size) {
  const std::size_t datagrams =
      segment_size == 0 ? 1 : std::max<std::size_t>(1, (payload + segment_size - 1) / segment_size);
  return 4 * payload + 4096 * datagrams;
}

}  // namespace

SendBudget::SendBudget(int fd) : fd_(fd) {
  int size = 0;
  socklen_t length = sizeof size;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 && size > 0) {
    buffer_ = static_cast<std::size_t>(size);
  }
  refresh();
}

bool SendBudget::take(std::size_t payload, std::size_t segment_size) {
  // A datagram for which the buffer is small passes when the half that poll() waits for is free.
  const std::size_t charge = std::min(charge_for(payload, segment_size), buffer_ / 2);
  if (left_ == 0 || charge > left_) return false;
  left_ -= charge;
  return true;
}

void SendBudget::refresh() {
  int queued = 0;
  if (ioctl(fd_, SIOCOUTQ, &queued) != 0 || queued < 0) queued = 0;
  left_ = buffer_ - std::min(buffer_, static_cast<std::size_t>(queued));
}

void SendBudget::wait_for_room(std::chrono::milliseconds& patience) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  pollfd writable{fd_, POLLOUT, 0};
  poll(&writable, 1, static_cast<int>(patience.count()));
  const auto taken = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - start);
  patience -= std::min(patience, taken);
  refresh();
}

}  // namespace wring
