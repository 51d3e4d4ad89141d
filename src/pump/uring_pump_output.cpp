// Queues and executes datagrams and writes, on io_uring.
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>

#include "pump/uring_pump.h"

namespace wring {

void UringPump::queue_send(const OutgoingDatagram& datagram) {
  if (queued_count_ == kSendSlots || ring_->room() <= kReservedEntries) flush();
  const unsigned slot = queued_count_++;
  queued_[slot] = datagram;
  headers_[slot].fill(datagram);
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_sendmsg(sqe, socket_fds_[family_of(datagram)], &headers_[slot].message(),
                        MSG_DONTWAIT | MSG_NOSIGNAL);
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(sqe, tag(Kind::kSend, 0, slot));
}

void UringPump::write_packet(std::span<const iovec> parts) {
  queue_write(parts, parts);
}

// Executes the queue. A submit may take only a part, if the kernel has no memory for the moment or
// wants completions to be taken first. The slots must not be used again before all was taken.
void UringPump::flush() {
  start();
  do {
    ring_->submit();
    reap();
  } while (ring_->queued() != 0);
  queued_count_ = 0;
}

void UringPump::report_failures() {
  if (failed_.empty()) return;
  submit_and_take_failures();
  failed_.report(errors_, [this] { submit_and_take_failures(); });
}

// Executes what is queued and waits until its failures are known. The kernel posts those of writes
// only while we ask for events, and not many at a time. Only within wait(), because input may come
// with them.
void UringPump::submit_and_take_failures() {
  std::size_t before = 0;
  do {
    before = failed_.count();
    ring_->submit_and_wait(0);
    reap();
  } while (ring_->queued() != 0 || failed_.count() != before);
  queued_count_ = 0;
}

}  // namespace wring
