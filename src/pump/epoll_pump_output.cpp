// Sends datagrams and writes packets, on epoll.
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "pump/epoll_pump.h"

namespace wring {

void EpollPump::queue_send(const OutgoingDatagram& datagram) {
  if (queued_count_ == kSendSlots) flush();
  const unsigned slot = queued_count_++;
  queued_[slot] = datagram;
  send_fds_[slot] = socket_fds_[family_of(datagram)];
  headers_[slot].fill(datagram);
  messages_[slot].msg_hdr = headers_[slot].message();
}

// Written at once, because no call writes many packets together.
void EpollPump::write_packet(std::span<const iovec> parts) {
  write_at_once(parts, parts);
}

// Sends what is queued, in order. sendmmsg() says how far it came.
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
    } else if (errno != EINTR) {
      failed_.add(queued_[done++], errno);
    }
  }
  queued_count_ = 0;
}

void EpollPump::finish_output() {
  flush();
  failed_.report(errors_, [this] { flush(); });
}

}  // namespace wring
