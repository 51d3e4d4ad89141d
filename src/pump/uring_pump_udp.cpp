// Receives datagrams on io_uring, and changes the sockets while the pump runs.
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "pump/uring_pump.h"

namespace wring {

void UringPump::take_new_sockets() {
  Retired old{sockets_, generation_, 0};
  if (!use_offered_sockets()) return;
  const auto cancel = [&](std::uint64_t request) {
    io_uring_sqe* sqe = ring_->entry();
    io_uring_prep_cancel64(sqe, request, 0);
    io_uring_sqe_set_data64(sqe, tag(Kind::kCancel, 0, 0));
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ++old.in_flight;
  };
  for (unsigned family = 0; family < kFamilies; ++family) {
    if (receive_[family].armed) cancel(tag(Kind::kReceive, generation_, family));
    if (room_armed_[family]) cancel(tag(Kind::kWritable, generation_, family));
  }
  if (old.in_flight > 0) retired_.push_back(std::move(old));
  generation_ = (generation_ + 1) & kGenerationMask;
  receive_ = {};
  room_armed_ = {};
}

void UringPump::arm_receive(unsigned family) {
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_recvmsg_multishot(sqe, socket_fds_[family], &receive_shape_, 0);
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = udp_buffers_->group();
  io_uring_sqe_set_data64(sqe, tag(Kind::kReceive, generation_, family));
  receive_[family].armed = true;
}

void UringPump::on_receive(const io_uring_cqe& completion, std::uint32_t generation,
                           unsigned family) {
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned buffer = buffer_of(completion);
    udp_buffers_->taken();
    const bool taken =
        completion.res > 0 && take_datagram(buffer, static_cast<std::size_t>(completion.res));
    if (!taken) udp_buffers_->give_back(buffer);
  }
  if ((completion.flags & IORING_CQE_F_MORE) == 0) end_receive(generation, family, completion.res);
}

// A buffer holds io_uring's own header, room for the name, room for the control messages, and the
// payload.
bool UringPump::take_datagram(unsigned buffer, std::size_t size) {
  constexpr std::size_t kNameAt = sizeof(io_uring_recvmsg_out);
  constexpr std::size_t kControlAt = kNameAt + kNameRoom;
  constexpr std::size_t kPayloadAt = kControlAt + kControlRoom;
  if (size < kPayloadAt) return false;
  const MutByteSpan bytes(udp_buffers_->data(buffer), size);
  const auto out = load<io_uring_recvmsg_out>(bytes);
  if ((out.flags & MSG_TRUNC) != 0) return false;
  Batch<ReceivedDatagram>& batch = datagrams_.now();
  ReceivedDatagram& datagram = batch.items[batch.count];
  const ByteSpan name = bytes.subspan(kNameAt, std::min<std::size_t>(out.namelen, kNameRoom));
  const ByteSpan control =
      bytes.subspan(kControlAt, std::min<std::size_t>(out.controllen, kControlRoom));
  if (!read_headers(name, control, datagram)) return false;
  datagram.payload = bytes.subspan(kPayloadAt);
  batch.buffers[batch.count++] = static_cast<std::uint16_t>(buffer);
  return true;
}

void UringPump::end_receive(std::uint32_t generation, unsigned family, int result) {
  if (generation == generation_) {
    receive_[family].armed = false;
    if (!is_ordinary_end(result)) rest(receive_[family]);
    return;
  }
  let_go_of(generation);
}

// A request that held sockets of that generation has ended.
void UringPump::let_go_of(std::uint32_t generation) {
  for (Retired& old : retired_) {
    if (old.generation == generation) --old.in_flight;
  }
  std::erase_if(retired_, [](const Retired& old) { return old.in_flight == 0; });
}

}  // namespace wring
