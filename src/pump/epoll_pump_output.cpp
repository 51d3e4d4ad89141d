// How the epoll pump hands out what the worker queues.
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "io/udp_sockets.h"
#include "pump/epoll_pump.h"

namespace wring {
namespace {

// As in the other pump: what is received must not starve because sending stalls.
constexpr std::chrono::milliseconds kMaxSendWait{10};

}  // namespace

void EpollPump::send(const OutgoingDatagram& datagram) {
  const int fd = sources_[datagram.to->is_v4() ? kV4 : kV6].fd;
  if (fd < 0) {
    failed_.add(datagram, EAFNOSUPPORT);
    return;
  }
  if (queued_count_ == kSendSlots) flush();
  const unsigned slot = queued_count_++;
  queued_[slot] = datagram;
  send_fds_[slot] = fd;
  headers_[slot].fill(datagram);
  messages_[slot].msg_hdr = headers_[slot].message();
}

// There is no call for many packets, so there is nothing to gain by putting it off.
void EpollPump::write_tun(std::span<const iovec> parts) {
  while (::writev(tun_fd_, parts.data(), static_cast<int>(parts.size())) < 0) {
    if (errno == EINTR) continue;
    failed_.add(parts, errno);
    return;
  }
}

// Sends what is queued, in order: sendmmsg() tells how far it came, so the rest waits behind the
// datagram that found no room.
void EpollPump::flush() {
  unsigned done = 0;
  while (done < queued_count_) {
    const int fd = send_fds_[done];
    unsigned end = done + 1;
    while (end < queued_count_ && send_fds_[end] == fd)
      ++end;
    const int sent = sendmmsg(fd, &messages_[done], end - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
      continue;
    }
    const int error = errno;
    if (error == EINTR || (error == EAGAIN && wait_for_room(fd))) continue;
    failed_.add(queued_[done++], error);
  }
  queued_count_ = 0;
}

// False: this batch has waited long enough.
bool EpollPump::wait_for_room(int fd) {
  if (patience_.count() == 0) return false;
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  pollfd writable{fd, POLLOUT, 0};
  poll(&writable, 1, static_cast<int>(patience_.count()));
  // At least one, so that it ends though a socket be writable and yet refuse.
  const auto taken = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - start);
  patience_ -= std::min(patience_, taken);
  return true;
}

void EpollPump::finish_output() {
  flush();
  failed_.report(errors_, [this] { flush(); });
  patience_ = kMaxSendWait;
}

}  // namespace wring
