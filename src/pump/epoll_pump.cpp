// The life of the epoll pump, and what it watches.
#include "pump/epoll_pump.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/tun_queue.h"
#include "io/udp_sockets.h"

namespace wring {
namespace {

constexpr std::chrono::milliseconds kRest{10};

}  // namespace

EpollPump::EpollPump(int tun_fd, unsigned worker_index, OutputErrors& errors, bool vnet_header,
                     PacketBuffers tun_buffers, PacketBuffers udp_buffers)
    : tun_fd_(tun_fd),
      worker_index_(worker_index),
      vnet_header_(vnet_header),
      errors_(errors),
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

Result<std::unique_ptr<PacketPump>> EpollPump::create(int tun_fd, unsigned worker_index,
                                                      OutputErrors& errors, bool vnet_header) {
  auto tun_buffers = PacketBuffers::create(kMaxBatch, tun_buffer_shape(vnet_header));
  if (!tun_buffers) return tl::unexpected(tun_buffers.error());
  auto udp_buffers = PacketBuffers::create(kMaxBatch, {.size = kMaxPacket});
  if (!udp_buffers) return tl::unexpected(udp_buffers.error());
  std::unique_ptr<EpollPump> pump(new EpollPump(tun_fd, worker_index, errors, vnet_header,
                                                std::move(*tun_buffers), std::move(*udp_buffers)));
  pump->wake_event_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  pump->epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!pump->wake_event_ || !pump->epoll_) {
    return system_failure("cannot wait for packets by epoll", errno);
  }
  pump->watch(kWake, pump->wake_event_.get());
  pump->watch(kTun, tun_fd);
  return pump;
}

EpollPump::~EpollPump() {
  flush();
}

PacketPump::Input EpollPump::wait() {
  finish_output();
  take_new_sockets();
  packet_count_ = 0;
  datagram_count_ = 0;
  udp_buffers_used_ = 0;
  woken_ = false;
  const bool tun_was_gone = tun_gone_;
  do {
    take_input();
  } while (packet_count_ == 0 && datagram_count_ == 0 && !woken_ && tun_gone_ == tun_was_gone);
  const Input input{std::span(packets_).first(packet_count_),
                    std::span(datagrams_).first(datagram_count_), tun_gone_};
  packet_limit_.on_batch(input.packets);
  datagram_limit_.on_batch(input.datagrams);
  return input;
}

void EpollPump::wake() {
  const std::uint64_t one = 1;
  // Refused only at a count of 2^64 - 2, which wakes as well.
  [[maybe_unused]] const ssize_t written = ::write(wake_event_.get(), &one, sizeof one);
}

void EpollPump::set_sockets(std::shared_ptr<const UdpSockets> sockets) {
  next_sockets_.offer(std::move(sockets));
  wake();
}

void EpollPump::take_new_sockets() {
  auto next = next_sockets_.take();
  if (!next) return;
  unwatch(kV4);
  unwatch(kV6);
  sockets_ = std::move(*next);
  if (sockets_ == nullptr) return;
  watch(kV4, sockets_->fd_v4(worker_index_));
  watch(kV6, sockets_->fd_v6(worker_index_));
}

void EpollPump::watch(Source source, int fd) {
  sources_[source] = {.fd = fd};
  if (fd < 0) return;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = source;
  // Without memory for it the descriptor is tried again, as after an error of its own.
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
