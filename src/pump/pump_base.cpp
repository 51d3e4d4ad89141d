// Keeps the datagrams that find no room in their socket, in order, until there is room.
//
// The pump never sleeps for room. wait() waits for room and for input at once. While datagrams wait
// it takes no packets from the TUN: their senders notice that, as they would notice a full
// interface queue, and the datagrams' bytes stay where they are. It goes on receiving, because what
// comes in must not suffer from what cannot leave.
//
// There is no limit of time as long as the socket drains. If it drains nothing for kStallCheck,
// what waits is dropped, and so is all that follows until there is room again: a socket that is
// stuck must not stop the traffic of the other address family or the ICMP errors to senders.
#include "pump/pump_base.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "io/udp_sockets.h"

namespace wring {

void PumpBase::wake() {
  const std::uint64_t one = 1;
  // Blocks, or is refused, only at a count of 2^64 - 2, which wakes as well.
  [[maybe_unused]] const ssize_t written = ::write(wake_event_.get(), &one, sizeof one);
}

void PumpBase::set_sockets(std::shared_ptr<const UdpSockets> sockets) {
  next_sockets_.offer(std::move(sockets));
  wake();
}

bool PumpBase::use_offered_sockets() {
  auto next = next_sockets_.take();
  if (!next) return false;
  sockets_ = std::move(*next);
  socket_fds_ = {-1, -1};
  budgets_ = {};
  stalled_ = false;
  if (sockets_ == nullptr) return true;
  socket_fds_ = {sockets_->fd_v4(worker_index_), sockets_->fd_v6(worker_index_)};
  for (unsigned family = 0; family < kFamilies; ++family) {
    if (socket_fds_[family] >= 0) budgets_[family] = SendBudget(socket_fds_[family]);
  }
  return true;
}

SocketFill PumpBase::fill(bool v4) {
  flush();
  return budgets_[v4 ? 0 : 1].refresh();
}

// The budget first, then the socket itself.
bool PumpBase::take_room(const OutgoingDatagram& datagram) {
  SendBudget& budget = budgets_[family_of(datagram)];
  if (budget.take(datagram.payload.size(), datagram.segment_size)) return true;
  flush();
  const std::size_t queued = budget.refresh().queued;
  if (budget.take(datagram.payload.size(), datagram.segment_size)) {
    stalled_ = false;
    return true;
  }
  if (waiting_.empty()) begin_stall_check(queued);
  return false;
}

void PumpBase::postpone(const OutgoingDatagram& datagram) {
  if (socket_fds_[family_of(datagram)] < 0) return failed_.add(datagram, EAFNOSUPPORT);
  if (waiting_.empty()) {
    if (take_room(datagram)) return queue_send(datagram);
    if (stalled_) return failed_.add(datagram, EAGAIN);
  }
  waiting_.push_back(datagram);
}

void PumpBase::send_waiting() {
  while (!waiting_.empty()) {
    const OutgoingDatagram& next = waiting_.front();
    if (socket_fds_[family_of(next)] < 0) {
      failed_.add(next, EAFNOSUPPORT);
    } else if (take_room(next)) {
      queue_send(next);
      left_since_check_ = true;
    } else {
      return;
    }
    waiting_.pop_front();
  }
}

void PumpBase::begin_stall_check(std::size_t queued) {
  queued_at_check_ = queued;
  check_ends_ = std::chrono::steady_clock::now() + kStallCheck;
  left_since_check_ = false;
}

void PumpBase::check_for_stall() {
  if (waiting_.empty() || std::chrono::steady_clock::now() < check_ends_) return;
  const std::size_t queued = budgets_[family_of(waiting_.front())].refresh().queued;
  stalled_ = !left_since_check_ && queued >= queued_at_check_;
  begin_stall_check(queued);
  if (!stalled_) return;
  for (const OutgoingDatagram& datagram : std::exchange(waiting_, {}))
    failed_.add(datagram, EAGAIN);
}

}  // namespace wring
