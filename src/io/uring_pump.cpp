// The life of one wait():
//
//   1. What was queued since the last one is executed, in order and on the spot: sends carry
//      MSG_DONTWAIT and writes RWF_NOWAIT, so none is put off, and a success posts no completion.
//      The kernel takes in no input meanwhile, for it does so only while we wait (DEFER_TASKRUN).
//   2. So nothing refers to the buffers of the last batch any more, and they go back to the kernel.
//      Doing this before step 1 would save a system call of 0.1 us, and cost a datagram that is
//      sent once more after an error its bytes.
//   3. Requests that ended are armed again, and we wait for input.
#include "io/uring_pump.h"

#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/udp_sockets.h"

namespace wring {
namespace {

constexpr unsigned kRingEntries = 512;
// Entries kept free for what wait() arms and cancels.
constexpr unsigned kReservedEntries = 16;
// A batch lies in buffers of its own, so their number also bounds it.
constexpr unsigned kTunBuffers = kMaxBatch;
constexpr unsigned kUdpBuffers = kMaxBatch;
constexpr std::uint16_t kTunGroup = 0;
constexpr std::uint16_t kUdpGroup = 1;
constexpr std::size_t kUdpBufferSize =
    sizeof(io_uring_recvmsg_out) + kNameRoom + kControlRoom + kMaxPacket;

// A full socket buffer slows the worker down, which slows the senders behind the TUN down, but for
// no longer than this in a batch: what is received must not starve because sending stalls. Then
// datagrams are dropped, as a full interface queue would.
constexpr std::chrono::milliseconds kMaxSendWait{10};
// on_send_error() may send again, whose error is reported in turn.
constexpr int kMaxOutputRounds = 4;
__kernel_timespec kBackoff{.tv_sec = 0, .tv_nsec = 10'000'000};

constexpr std::uint32_t kGenerationMask = 0xffffff;

constexpr unsigned buffer_of(const io_uring_cqe& completion) {
  return completion.flags >> IORING_CQE_BUFFER_SHIFT;
}

// The kernel has no such request armed any more; the result is that of an ordinary end.
constexpr bool is_ordinary_end(int result) {
  return result >= 0 || result == -ENOBUFS || result == -ECANCELED || result == -EINTR ||
         result == -EAGAIN;
}

}  // namespace

std::uint64_t UringPump::tag(Kind kind, std::uint32_t generation, std::uint32_t index) {
  return std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | std::uint64_t{generation} << 32 |
         index;
}

UringPump::UringPump(int tun_fd, unsigned worker_index, SendErrors& errors)
    : tun_fd_(tun_fd), worker_index_(worker_index), errors_(errors) {
  receive_shape_.msg_namelen = kNameRoom;
  receive_shape_.msg_controllen = kControlRoom;
}

Result<std::unique_ptr<PacketPump>> UringPump::create(int tun_fd, unsigned worker_index,
                                                      SendErrors& errors,
                                                      const UringOptions& options) {
  std::unique_ptr<UringPump> pump(new UringPump(tun_fd, worker_index, errors));
  pump->wake_event_.reset(eventfd(0, EFD_CLOEXEC));
  if (!pump->wake_event_) return system_failure("cannot create an eventfd", errno);

  auto ring = Uring::open(kRingEntries);
  if (!ring) return tl::unexpected(ring.error());
  pump->ring_ = std::move(*ring);
  auto tun = BufferRing::create(*pump->ring_, kTunGroup, kTunBuffers, kMaxPacket, kPacketTailRoom);
  if (!tun) return tl::unexpected(tun.error());
  pump->tun_buffers_ = std::make_unique<BufferRing>(std::move(*tun));
  auto udp = BufferRing::create(*pump->ring_, kUdpGroup, kUdpBuffers, kUdpBufferSize, 0);
  if (!udp) return tl::unexpected(udp.error());
  pump->udp_buffers_ = std::make_unique<BufferRing>(std::move(*udp));

  pump->multishot_tun_read_ = options.multishot_tun_read && pump->ring_->supports(kOpReadMultishot);
  return pump;
}

UringPump::~UringPump() {
  if (owner_ == std::this_thread::get_id()) stop();
}

void UringPump::start() {
  if (owner_ != std::thread::id{}) return;
  owner_ = std::this_thread::get_id();
  ring_->start();
}

// Ends every request and waits for their ends, each of which lets go of a file. Bounded, for a bug
// here should not hang the process: the kernel ends what is left some time after the ring is
// closed.
void UringPump::stop() {
  constexpr int kMaxRounds = 64;
  flush();
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  io_uring_sqe_set_data64(sqe, tag(Kind::kCancel, 0, 0));
  for (int i = 0; i < kMaxRounds && anything_in_flight(); ++i) {
    ring_->submit_and_wait(1, &kBackoff);
    reap();
    packet_count_ = 0;
    datagram_count_ = 0;
  }
}

bool UringPump::anything_in_flight() const {
  return tun_.armed || wake_armed_ || backoff_armed_ || receive_[0].armed || receive_[1].armed ||
         !retired_.empty();
}

PacketPump::Input UringPump::wait() {
  start();
  finish_output();
  take_new_sockets();
  give_back_buffers();
  woken_ = false;
  const bool tun_was_gone = tun_gone_;
  do {
    arm();
    ring_->submit_and_wait(tun_readable_ ? 0 : 1);
    reap();
    if (tun_readable_) read_tun();
  } while (packet_count_ == 0 && datagram_count_ == 0 && !woken_ && tun_gone_ == tun_was_gone);
  return {std::span(packets_).first(packet_count_), std::span(datagrams_).first(datagram_count_),
          tun_gone_};
}

// --- Output
// ---------------------------------------------------------------------------------------

void UringPump::send(const OutgoingDatagram& datagram) {
  const unsigned family = datagram.to->is_v4() ? 0 : 1;
  const int fd = socket_fds_[family];
  if (fd < 0) {
    failed_.push_back({datagram, EAFNOSUPPORT});
    return;
  }
  if (!has_room(family, datagram.payload.size())) {
    failed_.push_back({datagram, EAGAIN});
    return;
  }
  if (queued_count_ == kSendSlots || ring_->room() <= kReservedEntries) flush();
  const unsigned slot = queued_count_++;
  queued_[slot] = datagram;
  headers_[slot].fill(datagram);
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_sendmsg(sqe, fd, &headers_[slot].message(), MSG_DONTWAIT | MSG_NOSIGNAL);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, tag(Kind::kSend, 0, slot));
}

void UringPump::write_tun(ByteSpan packet) {
  if (ring_->room() <= kReservedEntries) flush();
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_write(sqe, tun_fd_, packet.data(), static_cast<unsigned>(packet.size()), 0);
  sqe->rw_flags = RWF_NOWAIT;
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, tag(Kind::kTunWrite, 0, 0));
}

std::uint64_t UringPump::tun_write_errors() const {
  return tun_write_errors_.load(std::memory_order_relaxed);  // a count, which orders nothing
}

// Whether the datagram is sure to fit into its socket's buffer. If need be, what is queued is sent
// first and a full buffer is given time to drain; order is kept either way.
bool UringPump::has_room(unsigned family, std::size_t payload) {
  SendBudget& budget = budgets_[family];
  if (budget.take(payload)) return true;
  flush();
  budget.refresh();
  if (budget.take(payload)) return true;
  budget.wait_for_room(patience_);
  return budget.take(payload);
}

// Executes what is queued. Its failures are in the completion queue afterwards, and nothing else.
void UringPump::flush() {
  start();
  ring_->submit();
  reap();
  queued_count_ = 0;
}

void UringPump::finish_output() {
  for (int round = 0; round < kMaxOutputRounds; ++round) {
    if (ring_->queued() == 0 && failed_.empty()) break;
    flush();
    for (const FailedSend& failed : std::exchange(failed_, {})) {
      errors_.on_send_error(failed.datagram, failed.error);
    }
  }
  patience_ = kMaxSendWait;
}

// --- Input
// ----------------------------------------------------------------------------------------

void UringPump::set_sockets(std::shared_ptr<const UdpSockets> sockets) {
  {
    const std::lock_guard lock(next_mutex_);
    next_sockets_.swap(sockets);
    // Only a hint to look under the lock, which does the ordering.
    has_next_sockets_.store(true, std::memory_order_relaxed);
  }
  wake();
}

void UringPump::wake() {
  const std::uint64_t one = 1;
  // Blocks only at a count of 2^64 - 2.
  [[maybe_unused]] const ssize_t written = ::write(wake_event_.get(), &one, sizeof one);
}

void UringPump::take_new_sockets() {
  if (!has_next_sockets_.load(std::memory_order_relaxed)) return;
  std::shared_ptr<const UdpSockets> next;
  {
    const std::lock_guard lock(next_mutex_);
    next = std::move(next_sockets_);
    has_next_sockets_.store(false, std::memory_order_relaxed);
  }
  Retired old{std::move(sockets_), generation_, 0};
  for (unsigned family = 0; family < kFamilies; ++family) {
    if (!receive_[family].armed) continue;
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_cancel64(sqe, tag(Kind::kReceive, generation_, family), 0);
    io_uring_sqe_set_data64(sqe, tag(Kind::kCancel, 0, 0));
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ++old.in_flight;
  }
  if (old.in_flight > 0) retired_.push_back(std::move(old));

  sockets_ = std::move(next);
  generation_ = (generation_ + 1) & kGenerationMask;
  receive_ = {};
  socket_fds_ = {-1, -1};
  if (sockets_ == nullptr) return;
  socket_fds_ = {sockets_->fd_v4(worker_index_), sockets_->fd_v6(worker_index_)};
  for (unsigned family = 0; family < kFamilies; ++family) {
    if (socket_fds_[family] >= 0) budgets_[family] = SendBudget(socket_fds_[family]);
  }
}

void UringPump::give_back_buffers() {
  for (std::size_t i = 0; multishot_tun_read_ && i < packet_count_; ++i) {
    tun_buffers_->give_back(packet_buffers_[i]);
  }
  for (std::size_t i = 0; i < datagram_count_; ++i)
    udp_buffers_->give_back(datagram_buffers_[i]);
  packet_count_ = 0;
  datagram_count_ = 0;
}

void UringPump::arm() {
  if (!wake_armed_) {
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_read(sqe, wake_event_.get(), &wake_count_, sizeof wake_count_, 0);
    io_uring_sqe_set_data64(sqe, tag(Kind::kWake, 0, 0));
    wake_armed_ = true;
  }
  if (!tun_.armed && !tun_.resting && !tun_gone_) arm_tun();
  for (unsigned family = 0; family < kFamilies; ++family) {
    const Standing& request = receive_[family];
    if (!request.armed && !request.resting && socket_fds_[family] >= 0) arm_receive(family);
  }
}

void UringPump::arm_tun() {
  io_uring_sqe* sqe = ring_->entry();
  if (multishot_tun_read_) {
    // As io_uring_prep_read_multishot of later liburing; address and length come with the buffer.
    io_uring_prep_rw(static_cast<int>(kOpReadMultishot), sqe, tun_fd_, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = tun_buffers_->group();
  } else {
    io_uring_prep_poll_multishot(sqe, tun_fd_, POLLIN);
  }
  io_uring_sqe_set_data64(sqe, tag(Kind::kTun, 0, 0));
  tun_.armed = true;
}

void UringPump::arm_receive(unsigned family) {
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_recvmsg_multishot(sqe, socket_fds_[family], &receive_shape_, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = udp_buffers_->group();
  io_uring_sqe_set_data64(sqe, tag(Kind::kReceive, generation_, family));
  receive_[family].armed = true;
}

void UringPump::reap() {
  ring_->reap([this](const io_uring_cqe& completion) { on_completion(completion); });
}

void UringPump::on_completion(const io_uring_cqe& completion) {
  const auto index = static_cast<std::uint32_t>(completion.user_data);
  const auto generation = static_cast<std::uint32_t>(completion.user_data >> 32) & kGenerationMask;
  switch (static_cast<Kind>(completion.user_data >> 56)) {
    case Kind::kTun:
      return on_tun(completion);
    case Kind::kReceive:
      return on_receive(completion, generation, index);
    case Kind::kWake:
      wake_armed_ = false;
      woken_ = true;
      return;
    case Kind::kBackoff:
      backoff_armed_ = false;
      tun_readable_ = tun_readable_ || (tun_.resting && !multishot_tun_read_);
      tun_.resting = false;
      for (Standing& request : receive_)
        request.resting = false;
      return;
    case Kind::kSend:
      failed_.push_back({queued_[index], -completion.res});
      return;
    case Kind::kTunWrite:
      tun_write_errors_.fetch_add(1, std::memory_order_relaxed);  // a count, which orders nothing
      return;
    case Kind::kCancel:
      return;  // the request that was to be cancelled had ended by itself
  }
}

void UringPump::on_tun(const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_MORE) == 0) tun_.armed = false;
  if (!multishot_tun_read_) {
    tun_readable_ = completion.res != -ECANCELED;
    return;
  }
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned buffer = buffer_of(completion);
    if (completion.res > 0) {
      packets_[packet_count_].bytes = {tun_buffers_->data(buffer),
                                       static_cast<std::size_t>(completion.res)};
      packet_buffers_[packet_count_++] = static_cast<std::uint16_t>(buffer);
    } else {
      tun_buffers_->give_back(buffer);
    }
  }
  if (!is_ordinary_end(completion.res)) on_tun_error(-completion.res);
}

// Without multishot reads the buffers are used in turn: all are free when a batch begins.
void UringPump::read_tun() {
  while (packet_count_ < kTunBuffers) {
    std::uint8_t* bytes = tun_buffers_->data(static_cast<unsigned>(packet_count_));
    const ssize_t size = ::read(tun_fd_, bytes, tun_buffers_->buffer_size());
    if (size > 0) {
      packets_[packet_count_++].bytes = {bytes, static_cast<std::size_t>(size)};
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    // The poll tells of what comes after this; it is readable still if the batch is full.
    tun_readable_ = false;
    if (size < 0 && errno != EAGAIN) on_tun_error(errno);
    return;
  }
}

void UringPump::on_tun_error(int error) {
  ifreq interface {};
  // Which error a read sees when the interface is deleted depends on the moment; this one is sure.
  if (error == EBADFD || (ioctl(tun_fd_, TUNGETIFF, &interface) != 0 && errno == EBADFD)) {
    tun_gone_ = true;
    return;
  }
  rest(tun_);
}

void UringPump::on_receive(const io_uring_cqe& completion, std::uint32_t generation,
                           unsigned family) {
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned buffer = buffer_of(completion);
    const bool taken =
        completion.res > 0 && take_datagram(buffer, static_cast<std::size_t>(completion.res));
    if (!taken) udp_buffers_->give_back(buffer);
  }
  if ((completion.flags & IORING_CQE_F_MORE) == 0) end_receive(generation, family, completion.res);
}

// A buffer holds what io_uring tells of the datagram, room for the name, room for the control
// messages, and the payload.
bool UringPump::take_datagram(unsigned buffer, std::size_t size) {
  constexpr std::size_t kNameAt = sizeof(io_uring_recvmsg_out);
  constexpr std::size_t kControlAt = kNameAt + kNameRoom;
  constexpr std::size_t kPayloadAt = kControlAt + kControlRoom;
  if (size < kPayloadAt) return false;
  const MutByteSpan bytes(udp_buffers_->data(buffer), size);
  const auto out = load<io_uring_recvmsg_out>(bytes);
  if ((out.flags & MSG_TRUNC) != 0) return false;
  ReceivedDatagram& datagram = datagrams_[datagram_count_];
  const ByteSpan name = bytes.subspan(kNameAt, std::min<std::size_t>(out.namelen, kNameRoom));
  const ByteSpan control =
      bytes.subspan(kControlAt, std::min<std::size_t>(out.controllen, kControlRoom));
  if (!read_headers(name, control, datagram)) return false;
  datagram.payload = bytes.subspan(kPayloadAt);
  datagram_buffers_[datagram_count_++] = static_cast<std::uint16_t>(buffer);
  return true;
}

void UringPump::end_receive(std::uint32_t generation, unsigned family, int result) {
  if (generation == generation_) {
    receive_[family].armed = false;
    if (!is_ordinary_end(result)) rest(receive_[family]);
    return;
  }
  for (Retired& old : retired_) {
    if (old.generation == generation) --old.in_flight;
  }
  std::erase_if(retired_, [](const Retired& old) { return old.in_flight == 0; });
}

void UringPump::rest(Standing& request) {
  request.resting = true;
  if (backoff_armed_) return;
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_timeout(sqe, &kBackoff, 0, 0);
  io_uring_sqe_set_data64(sqe, tag(Kind::kBackoff, 0, 0));
  backoff_armed_ = true;
}

}  // namespace wring
