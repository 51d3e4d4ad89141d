// Reads the TUN on io_uring: by a request that stays armed, or by poll and read().
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "io/tun_queue.h"
#include "pump/uring_pump.h"

namespace wring {

void UringPump::arm_tun() {
  io_uring_sqe* sqe = ring_->entry();
  if (multishot_tun_read_) {
    // Like io_uring_prep_read_multishot of later liburing. Address and length are the buffer's.
    io_uring_prep_rw(kOpReadMultishot, sqe, tun_fd_, nullptr, 0, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = tun_buffers_->group();
  } else {
    io_uring_prep_poll_multishot(sqe, tun_fd_, POLLIN);
  }
  io_uring_sqe_set_data64(sqe, tag(Kind::kTun, 0, 0));
  tun_.armed = true;
}

void UringPump::on_tun(const io_uring_cqe& completion) {
  if ((completion.flags & IORING_CQE_F_MORE) == 0) tun_.armed = false;
  if (!multishot_tun_read_) {
    tun_readable_ = completion.res != -ECANCELED;
    return;
  }
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
    const unsigned buffer = buffer_of(completion);
    tun_buffers_->taken();
    if (completion.res > 0) {
      const MutByteSpan bytes(tun_buffers_->data(buffer), static_cast<std::size_t>(completion.res));
      Batch<TunPacket>& batch = packets_.now();
      batch.buffers[batch.count] = static_cast<std::uint16_t>(buffer);
      batch.items[batch.count++] = packet_in(bytes, vnet_header_);
    } else {
      tun_buffers_->give_back(buffer);
    }
  }
  // Not during destruction, as clang's analyzer thinks: ~UringPacketPump() ends all before.
  // NOLINTBEGIN(clang-analyzer-optin.cplusplus.VirtualCall)
  if (completion.res == 0) return on_tun_error(EBADFD);  // a stack's socket, and the stack is gone
  if (!is_ordinary_end(completion.res)) on_tun_error(-completion.res);
  // NOLINTEND(clang-analyzer-optin.cplusplus.VirtualCall)
}

// Without multishot reads each of the two batches has buffers of its own.
void UringPump::read_tun() {
  Batch<TunPacket>& batch = packets_.now();
  const std::size_t first = packets_.current * kMaxBatch;
  while (batch.count < packet_limit_.packets()) {
    std::uint8_t* bytes = tun_buffers_->data(static_cast<unsigned>(first + batch.count));
    const ssize_t size = ::read(tun_fd_, bytes, tun_buffers_->buffer_size());
    if (size > 0) {
      batch.items[batch.count++] = packet_in({bytes, static_cast<std::size_t>(size)}, vnet_header_);
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    // The poll reports the next packet. If the batch was full, the TUN is still readable.
    tun_readable_ = false;
    if (size == 0 || (size < 0 && errno != EAGAIN)) {
      on_tun_error(size == 0 ? EBADFD : errno);
      // Behind a packet that could not be read there may be others.
      tun_readable_ = !tun_.resting && !tun_gone_;
    }
    return;
  }
}

void UringPump::on_tun_error(int error) {
  if (tun_is_deleted(tun_fd_, error)) {
    tun_gone_ = true;
    return;
  }
  rest(tun_);
}

}  // namespace wring
