// The course of one wait(), which is one system call as a rule:
//
//   1. The kernel executes queued output, in order and at once. Sends have MSG_DONTWAIT, and writes
//      RWF_NOWAIT where it exists, so none is put off. A success posts no completion. Then requests
//      that ended are armed again.
//   2. The kernel takes in input, which it does only while we wait (DEFER_TASKRUN). It goes to
//      buffers other than those of the last batch, so output that failed still has its bytes when
//      it is reported.
//   3. Only now are the last batch's buffers free. They come into the ring with the next wait().
//
// If datagrams wait for room in a socket, the request for packets is not armed again, and packets
// that it brought are kept (begin_batch()). A poll request for room and a timeout are armed
// instead.
#include "pump/uring_pump.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "io/tun_queue.h"
#include "pump/uring_packet_pump.h"

namespace wring {
namespace {

constexpr std::uint16_t kTunGroup = 0;
constexpr std::uint16_t kUdpGroup = 1;
constexpr std::size_t kUdpBufferSize =
    sizeof(io_uring_recvmsg_out) + kNameRoom + kControlRoom + kMaxPacket;

__kernel_timespec as_timespec(std::chrono::nanoseconds time) {
  return {.tv_sec = 0, .tv_nsec = time.count()};
}

}  // namespace

std::uint64_t UringPump::tag(Kind kind, std::uint32_t generation, std::uint32_t index) {
  return std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | std::uint64_t{generation} << 32 |
         index;
}

bool UringPump::is_ordinary_end(int result) {
  return result >= 0 || result == -ENOBUFS || result == -ECANCELED || result == -EINTR ||
         result == -EAGAIN;
}

UringPump::UringPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors)
    : PumpBase(queue, worker_index, errors) {
  writes_.reserve(kRingEntries);
  receive_shape_.msg_namelen = kNameRoom;
  receive_shape_.msg_controllen = kControlRoom;
}

Result<std::unique_ptr<PacketPump>> UringPump::create(const TunQueue& queue, unsigned worker_index,
                                                      OutputErrors& errors, TunReads reads) {
  std::unique_ptr<UringPump> pump(queue.frames ? new UringPacketPump(queue, worker_index, errors)
                                               : new UringPump(queue, worker_index, errors));
  pump->wake_event_.reset(eventfd(0, EFD_CLOEXEC));
  if (!pump->wake_event_) return system_failure("cannot create an eventfd", errno);

  auto ring = Uring::open(kRingEntries);
  if (!ring) return tl::unexpected(ring.error());
  pump->ring_ = std::move(*ring);
  auto tun = BufferRing::create(*pump->ring_, kTunGroup, tun_buffer_shape(queue));
  if (!tun) return tl::unexpected(tun.error());
  pump->tun_buffers_ = std::make_unique<BufferRing>(std::move(*tun));
  auto udp = BufferRing::create(*pump->ring_, kUdpGroup, {.size = kUdpBufferSize});
  if (!udp) return tl::unexpected(udp.error());
  pump->udp_buffers_ = std::make_unique<BufferRing>(std::move(*udp));

  const bool is_linux_6_7 = pump->ring_->supports(kOpReadMultishot);
  pump->multishot_tun_read_ = reads == TunReads::kMultishot && is_linux_6_7;
  pump->tun_write_flags_ = is_linux_6_7 ? RWF_NOWAIT : 0;
  return pump;
}

UringPump::~UringPump() {
  end();
}

void UringPump::end() {
  if (owner_ != std::this_thread::get_id()) return;
  stop();
  owner_ = std::thread::id{};
}

void UringPump::start() {
  if (owner_ != std::thread::id{}) return;
  owner_ = std::this_thread::get_id();
  static constexpr std::uint8_t kOperations[] = {
      IORING_OP_RECVMSG, IORING_OP_SENDMSG, IORING_OP_WRITEV,       IORING_OP_POLL_ADD,
      IORING_OP_READ,    IORING_OP_TIMEOUT, IORING_OP_ASYNC_CANCEL, kOpReadMultishot};
  // Only where the kernel knows it is the last one used.
  const std::span<const std::uint8_t> operations(kOperations);
  ring_->start(multishot_tun_read_ ? operations : operations.first(operations.size() - 1));
}

// Ends every request and waits for that, because each holds a file. Bounded, so that a bug here
// does not hang the process; the kernel ends the rest some time after the ring was closed.
void UringPump::stop() {
  constexpr int kMaxRounds = 64;
  flush();
  begin_batch();
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  io_uring_sqe_set_data64(sqe, tag(Kind::kCancel, 0, 0));
  __kernel_timespec patience = as_timespec(kRest);
  for (int i = 0; i < kMaxRounds && anything_in_flight(); ++i) {
    ring_->submit_and_wait(1, &patience);
    reap();
    packets_.now().count = 0;
    datagrams_.now().count = 0;
  }
}

bool UringPump::anything_in_flight() const {
  return tun_.armed || wake_armed_ || backoff_armed_ || receive_[0].armed || receive_[1].armed ||
         room_armed_[0] || room_armed_[1] || stall_check_armed_ || !retired_.empty();
}

PacketPump::Input UringPump::wait() {
  start();
  if (next_sockets_.pending()) {
    flush();  // to the old ones
    take_new_sockets();
  }
  begin_batch();
  woken_ = false;
  const bool tun_was_gone = tun_gone_;
  const auto may_return = [&] {
    return has_packets() || datagrams_.now().count != 0 || woken_ || tun_gone_ != tun_was_gone;
  };
  report_failures();  // of output that could not even be queued; input may come with them
  do {
    send_waiting();
    refill_empty_rings();
    arm();
    const bool has_input = may_return() || (tun_readable_ && may_take_packets());
    // Failures are answered by sending again, so they do not wait for input either.
    ring_->submit_and_wait(has_input || !failed_.empty() ? 0 : 1);
    reap();
    if (ring_->queued() != 0) flush();
    queued_count_ = 0;
    report_failures();
    if (tun_readable_ && may_take_packets()) read_tun();
  } while (!may_return());
  give_back_former();
  writes_.clear();
  write_generation_ = (write_generation_ + 1) & kGenerationMask;
  packets_handed_out_ = may_take_packets();
  const Input input{packets_handed_out_ ? packets_.now().used() : std::span<TunPacket>{},
                    datagrams_.now().used(), tun_gone_, !waiting_.empty()};
  packet_limit_.on_batch(input.packets);
  datagram_limit_.on_batch(input.datagrams);
  return input;
}

// Fills the other batch from now on. Packets that were not handed out stay in theirs, and no more
// are asked for.
void UringPump::begin_batch() {
  datagrams_.current = 1 - datagrams_.current;
  udp_buffers_->refill(datagram_limit_.packets());
  if (!packets_handed_out_) return;
  packets_.current = 1 - packets_.current;
  if (multishot_tun_read_) tun_buffers_->refill(packet_limit_.packets());
}

// A wait that brought nothing may have used up the buffers for input that was refused. Packets that
// were not asked for while datagrams waited for room are now.
void UringPump::refill_empty_rings() {
  if (udp_buffers_->is_empty() && datagrams_.now().count == 0)
    udp_buffers_->refill(datagram_limit_.packets());
  if (multishot_tun_read_ && may_take_packets() && tun_buffers_->is_empty() &&
      packets_.now().count == 0) {
    tun_buffers_->refill(packet_limit_.packets());
  }
}

void UringPump::give_back_former() {
  Batch<ReceivedDatagram>& datagrams = datagrams_.former();
  for (std::size_t i = 0; i < datagrams.count; ++i)
    udp_buffers_->give_back(datagrams.buffers[i]);
  datagrams.count = 0;
  if (!waiting_.empty()) return;  // which may lie in the packets of the batch before
  Batch<TunPacket>& packets = packets_.former();
  for (std::size_t i = 0; multishot_tun_read_ && i < packets.count; ++i)
    tun_buffers_->give_back(packets.buffers[i]);
  packets.count = 0;
}

void UringPump::arm() {
  if (!wake_armed_) {
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_read(sqe, wake_event_.get(), &wake_count_, sizeof wake_count_, 0);
    io_uring_sqe_set_data64(sqe, tag(Kind::kWake, 0, 0));
    wake_armed_ = true;
  }
  if (may_take_packets()) {
    if (!tun_.armed && !tun_.resting && !tun_gone_ && tun_fd_ >= 0) arm_tun();
  } else {
    arm_for_room();
  }
  // The families share buffers, so they take turns in being armed first.
  first_family_ = 1 - first_family_;
  for (const unsigned family : {first_family_, 1 - first_family_}) {
    const Standing& request = receive_[family];
    if (!request.armed && !request.resting && socket_fds_[family] >= 0) arm_receive(family);
  }
}

void UringPump::arm_for_room() {
  const unsigned family = family_of(waiting_.front());
  if (!room_armed_[family] && socket_fds_[family] >= 0) {
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_poll_add(sqe, socket_fds_[family], POLLOUT);
    io_uring_sqe_set_data64(sqe, tag(Kind::kWritable, generation_, family));
    room_armed_[family] = true;
  }
  if (!stall_check_armed_) {
    static __kernel_timespec interval = as_timespec(kStallCheck);
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_timeout(sqe, &interval, 0, 0);
    io_uring_sqe_set_data64(sqe, tag(Kind::kStallCheck, 0, 0));
    stall_check_armed_ = true;
  }
}

void UringPump::rest(Standing& request) {
  request.resting = true;
  if (backoff_armed_) return;
  static __kernel_timespec rest = as_timespec(kRest);
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_timeout(sqe, &rest, 0, 0);
  io_uring_sqe_set_data64(sqe, tag(Kind::kBackoff, 0, 0));
  backoff_armed_ = true;
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
    case Kind::kWritable:
      if (generation != generation_) return let_go_of(generation);
      room_armed_[index] = false;
      return;
    case Kind::kStallCheck:
      stall_check_armed_ = false;
      return check_for_stall();
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
      failed_.add(queued_[index], -completion.res);
      return;
    case Kind::kTunWrite:
      failed_.add(generation == write_generation_ ? writes_[index] : std::span<const iovec>{},
                  -completion.res);
      return;
    case Kind::kCancel:
      return;  // the request had ended before it was cancelled
  }
}

}  // namespace wring
