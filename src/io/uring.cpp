// Sets up one io_uring, restricted to the operations that a pump needs.
#include "io/uring.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace wring {
namespace {

// The ring never overflows: each input takes one of the buffers, each output one entry.
constexpr unsigned kCompletionsPerEntry = 4;

const char* ring_advice(int error) {
  switch (error) {
    case ENOSYS:
      return "the kernel lacks it or a seccomp filter hides it: run on Linux 6.1 or newer, and let "
             "the "
             "container use io_uring";
    case EPERM:
    case EACCES:
      return "allow it: `sysctl kernel.io_uring_disabled=0`, and in a container a seccomp profile "
             "that "
             "permits io_uring";
    case EINVAL:
      return "the kernel is too old: run on Linux 6.1 or newer";
    case ENOMEM:
      return "raise the limit on locked memory (`ulimit -l`)";
    default:
      return "";
  }
}

// After a signal, without memory for the moment, or with completions to be reaped first, the
// caller's loop tries again. Any other error is a bug of ours.
void check(int result, const char* call) {
  if (result >= 0 || result == -EINTR || result == -EAGAIN || result == -EBUSY || result == -ETIME)
    return;
  std::fprintf(stderr, "%s: %s\n", call, std::strerror(-result));
  std::abort();
}

// The shared library of liburing 2.3 declares functions for these two steps but does not export
// them.
void change(int ring_fd, unsigned operation, const void* arguments, std::size_t count) {
  check(static_cast<int>(syscall(__NR_io_uring_register, ring_fd, operation, arguments, count)),
        "io_uring_register");
}

}  // namespace

Result<std::unique_ptr<Uring>> Uring::open(unsigned entries) {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_R_DISABLED |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = entries * kCompletionsPerEntry;
  std::unique_ptr<Uring> uring(new Uring);
  const int opened = io_uring_queue_init_params(entries, &uring->ring_, &params);
  if (opened < 0) return io_uring_failure("cannot use io_uring", -opened);
  uring->opened_ = true;
  return uring;
}

Uring::~Uring() {
  if (opened_) io_uring_queue_exit(&ring_);
}

tl::unexpected<Error> io_uring_failure(const std::string& what, int error) {
  return system_failure(what, error, ring_advice(error));
}

void Uring::start(std::span<const std::uint8_t> operations) {
  std::vector<io_uring_restriction> allowed(operations.size() + 1);
  for (std::size_t i = 0; i < operations.size(); ++i) {
    allowed[i].opcode = IORING_RESTRICTION_SQE_OP;
    allowed[i].sqe_op = operations[i];
  }
  allowed.back().opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  allowed.back().sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
  change(ring_.ring_fd, IORING_REGISTER_RESTRICTIONS, allowed.data(), allowed.size());
  change(ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
}

bool Uring::supports(unsigned opcode) {
  const std::unique_ptr<io_uring_probe, void (*)(io_uring_probe*)> probe(
      io_uring_get_probe_ring(&ring_), io_uring_free_probe);
  // liburing's own check compares with the last opcode that it knows itself.
  return probe != nullptr && opcode <= probe->last_op &&
         (probe->ops[opcode].flags & IO_URING_OP_SUPPORTED) != 0;
}

io_uring_sqe* Uring::entry() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  std::memset(sqe, 0, sizeof *sqe);
  return sqe;
}

void Uring::submit() {
  check(io_uring_submit(&ring_), "io_uring_submit");
}

void Uring::submit_and_wait(unsigned completions, __kernel_timespec* timeout) {
  if (timeout == nullptr) {
    // With nothing to wait for, liburing would not even let the kernel post completions.
    const int result = completions == 0 ? io_uring_submit_and_get_events(&ring_)
                                        : io_uring_submit_and_wait(&ring_, completions);
    check(result, "io_uring_submit_and_wait");
    return;
  }
  io_uring_cqe* first = nullptr;
  check(io_uring_submit_and_wait_timeout(&ring_, &first, completions, timeout, nullptr),
        "io_uring_submit_and_wait_timeout");
}

}  // namespace wring
