// Makes and runs the epoll pump, and watches its descriptors.
#include "pump/epoll_pump.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/tun_queue.h"
#include "io/udp_sockets.h"
#include "pump/epoll_packet_pump.h"

namespace wring {

EpollPump::EpollPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors,
                     PacketBuffers tun_buffers, PacketBuffers udp_buffers)
    : PumpBase(queue, worker_index, errors),
      tun_buffers_(std::move(tun_buffers)),
      udp_buffers_(std::move(udp_buffers)) {
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    ReceiveRoom& room = receive_rooms_[i];
    room.payload = {udp_buffers_.data(i), udp_buffers_.size()};
    msghdr& message = received_[i].msg_hdr;
    message = {};
    message.msg_name = room.name.data();
    message.msg_iov = &room.payload;
    message.msg_iovlen = 1;
    message.msg_control = room.control.data();
  }
}

Result<std::unique_ptr<PacketPump>> EpollPump::create(const TunQueue& queue, unsigned worker_index,
                                                      OutputErrors& errors) {
  auto tun_buffers = PacketBuffers::create(kMaxBatch, tun_buffer_shape(queue));
  if (!tun_buffers) return tl::unexpected(tun_buffers.error());
  auto udp_buffers = PacketBuffers::create(kMaxBatch, {.size = kMaxPacket});
  if (!udp_buffers) return tl::unexpected(udp_buffers.error());
  std::unique_ptr<EpollPump> pump(
      queue.frames ? new EpollPacketPump(queue, worker_index, errors, std::move(*tun_buffers),
                                         std::move(*udp_buffers))
                   : new EpollPump(queue, worker_index, errors, std::move(*tun_buffers),
                                   std::move(*udp_buffers)));
  pump->wake_event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  pump->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!pump->wake_event_ || !pump->epoll_) {
    return system_failure("cannot wait for packets by epoll", errno);
  }
  pump->watch(kWake, pump->wake_event_.get());
  pump->watch(kTun, queue.fd);
  return pump;
}

EpollPump::~EpollPump() {
  flush();
}

PacketPump::Input EpollPump::wait() {
  woken_ = false;
  const bool tun_was_gone = tun_gone_;
  finish_output();
  take_new_sockets();
  packet_count_ = 0;
  datagram_count_ = 0;
  do {
    // Refused datagrams used up buffers.
    udp_buffers_used_ = 0;
    send_waiting();
    finish_output();
    watch_for_room();
    take_input();
    finish_output();  // because what has waited too long was given up
  } while (packet_count_ == 0 && datagram_count_ == 0 && !woken_ && tun_gone_ == tun_was_gone);
  const Input input{std::span(packets_).first(packet_count_),
                    std::span(datagrams_).first(datagram_count_), tun_gone_, !waiting_.empty()};
  packet_limit_.on_batch(input.packets);
  datagram_limit_.on_batch(input.datagrams);
  return input;
}

void EpollPump::take_new_sockets() {
  if (!next_sockets_.pending()) return;
  unwatch(kV4);
  unwatch(kV6);
  use_offered_sockets();
  watch(kV4, socket_fds_[kV4]);
  watch(kV6, socket_fds_[kV6]);
}

// Waits for room if something waits for it, and for packets if nothing does.
void EpollPump::watch_for_room() {
  constexpr std::uint32_t kNothing = 0;
  constexpr std::uint32_t kInput = EPOLLIN;
  constexpr std::uint32_t kInputOrRoom = EPOLLIN | EPOLLOUT;
  const bool wait = !waiting_.empty();
  wait_for_events(kTun, wait ? kNothing : kInput);
  for (const Source family : {kV4, kV6}) {
    const bool blocked = wait && family == family_of(waiting_.front());
    wait_for_events(family, blocked ? kInputOrRoom : kInput);
  }
}

void EpollPump::wait_for_events(Source source, std::uint32_t events) {
  Watched& watched = sources_[source];
  if (watched.events == events) return;
  watched.events = events;
  if (watched.fd < 0 || watched.resting) return;
  epoll_event event{};
  event.events = events;
  event.data.u32 = source;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, watched.fd, &event);
}

void EpollPump::watch(Source source, int fd) {
  sources_[source] = {.fd = fd, .events = sources_[source].events};
  if (fd < 0) return;
  epoll_event event{};
  event.events = sources_[source].events;
  event.data.u32 = source;
  // If the kernel has no memory for it, the descriptor is tried again, as after an error of its
  // own.
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) rest(source);
}

void EpollPump::unwatch(Source source) {
  const Watched old = std::exchange(sources_[source], {});
  if (old.fd >= 0 && !old.resting) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, old.fd, nullptr);
}

void EpollPump::rest(Source source) {
  Watched& watched = sources_[source];
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched.fd, nullptr);
  watched.resting = true;
  if (anything_rests_) return;
  anything_rests_ = true;
  rest_ends_ = std::chrono::steady_clock::now() + kRest;
}

void EpollPump::end_rest() {
  if (!anything_rests_ || std::chrono::steady_clock::now() < rest_ends_) return;
  anything_rests_ = false;
  for (unsigned i = 0; i < kSources; ++i) {
    if (sources_[i].resting) watch(static_cast<Source>(i), sources_[i].fd);
  }
}

}  // namespace wring
