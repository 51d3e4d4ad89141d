// One io_uring, set up for a single thread that submits and reaps.
#pragma once

#include <liburing.h>

#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace wring {

// Linux 6.7; liburing 2.3 has neither the name nor a function for it.
inline constexpr std::uint8_t kOpReadMultishot = 49;

// An error that says what to do about a call of io_uring that failed with `error`.
tl::unexpected<Error> io_uring_failure(const std::string& what, int error);

class Uring {
 public:
  // Any thread may open it. It takes requests only after start(), whose thread then owns it
  // (IORING_SETUP_SINGLE_ISSUER). The kernel posts completions only while that thread waits
  // (IORING_SETUP_DEFER_TASKRUN), so input never interrupts the work on the batch before. The
  // errors say why there is no io_uring: ENOSYS, EPERM (forbidden), EINVAL (older than Linux 6.1).
  static Result<std::unique_ptr<Uring>> open(unsigned entries);
  ~Uring();
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;

  // From here on it takes requests, but only from the calling thread and only for `operations`
  // (IORING_OP_*), all of which it supports(). A filter of system calls does not see the requests
  // of a ring. So the ring itself refuses all others (EACCES), such as opening a file, and any
  // change.
  void start(std::span<const std::uint8_t> operations);
  [[nodiscard]] bool supports(unsigned opcode);
  io_uring* get() { return &ring_; }

  // The next free entry, cleared. Submits what is queued if there is none.
  io_uring_sqe* entry();
  [[nodiscard]] unsigned queued() const { return io_uring_sq_ready(&ring_); }
  [[nodiscard]] unsigned room() const { return io_uring_sq_space_left(&ring_); }

  // Executes the queued requests in order, and returns without waiting for input.
  void submit();
  // Does the same, then waits until `completions` are there; with 0 it only lets the kernel post
  // those that are due. May return early, after a signal. With `timeout`, waits no longer than
  // that.
  void submit_and_wait(unsigned completions, __kernel_timespec* timeout = nullptr);

  // Calls `handle(const io_uring_cqe&)` for all completions that are there.
  template <typename Handle>
  void reap(Handle handle) {
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      handle(*cqe);
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
  }

 private:
  Uring() = default;
  io_uring ring_{};
  bool opened_ = false;
};

}  // namespace wring
