// Takes packets and datagrams in, on epoll.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "io/tun_queue.h"
#include "pump/epoll_pump.h"

namespace wring {

// Waits, and takes one batch of everything that is ready. The rest is still ready the next time,
// because watches are level-triggered.
void EpollPump::take_input() {
  std::array<epoll_event, kSources> events;
  const int ready = epoll_wait(epoll_.get(), events.data(), kSources, longest_wait_ms());
  end_rest();
  check_for_stall();
  if (ready <= 0) return;
  // The families share buffers, so they take turns in being first.
  ++turn_;
  const auto count = static_cast<unsigned>(ready);
  for (unsigned i = 0; i < count; ++i) {
    const epoll_event& event = events[(i + turn_) % count];
    // If there is only room, send_waiting() uses it in the next turn.
    if (event.events != EPOLLOUT) on_ready(static_cast<Source>(event.data.u32));
  }
}

int EpollPump::longest_wait_ms() const {
  if (anything_rests_) return static_cast<int>(kRest.count());
  return waiting_.empty() ? -1 : static_cast<int>(kStallCheck.count());
}

void EpollPump::on_ready(Source source) {
  switch (source) {
    case kV4:
    case kV6:
      return receive(source);
    case kTun:
      // While datagrams wait for room, only errors come: they do though nobody asked for them.
      return waiting_.empty() ? read_tun() : on_tun_error(0);
    default: {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t size = ::read(wake_event_.get(), &count, sizeof count);
      woken_ = true;
    }
  }
}

void EpollPump::read_tun() {
  while (packet_count_ < packet_limit_.packets()) {
    std::uint8_t* bytes = tun_buffers_.data(packet_count_);
    const ssize_t size = ::read(tun_fd_, bytes, tun_buffers_.size());
    if (size > 0) {
      packets_[packet_count_++] = packet_in({bytes, static_cast<std::size_t>(size)}, vnet_header_);
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) on_tun_error(errno);
    if (size == 0) on_tun_error(EBADFD);  // a stack's socket, and the stack is gone
    return;
  }
}

void EpollPump::on_tun_error(int error) {
  if (!tun_is_deleted(tun_fd_, error)) return rest(kTun);
  tun_gone_ = true;
  unwatch(kTun);
}

void EpollPump::receive(Source family) {
  const std::size_t first = udp_buffers_used_;
  const std::size_t room = std::min<std::size_t>(datagram_limit_.packets(), kMaxBatch - first);
  for (mmsghdr& message : std::span(received_).subspan(first, room)) {
    message.msg_hdr.msg_namelen = kNameRoom;
    message.msg_hdr.msg_controllen = kControlRoom;
  }
  const int count = recvmmsg(sources_[family].fd, received_.data() + first,
                             static_cast<unsigned>(room), MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) rest(family);
    return;
  }
  udp_buffers_used_ += static_cast<std::size_t>(count);
  for (std::size_t i = first; i < udp_buffers_used_; ++i)
    take_datagram(i, received_[i]);
}

void EpollPump::take_datagram(std::size_t at, const mmsghdr& message) {
  const msghdr& header = message.msg_hdr;
  if ((header.msg_flags & MSG_TRUNC) != 0) return;
  const ReceiveRoom& room = receive_rooms_[at];
  ReceivedDatagram& datagram = datagrams_[datagram_count_];
  const ByteSpan name =
      ByteSpan(room.name).first(std::min<std::size_t>(header.msg_namelen, kNameRoom));
  const ByteSpan control =
      ByteSpan(room.control).first(std::min<std::size_t>(header.msg_controllen, kControlRoom));
  if (!read_headers(name, control, datagram)) return;
  datagram.payload = {udp_buffers_.data(at), message.msg_len};
  ++datagram_count_;
}

}  // namespace wring
