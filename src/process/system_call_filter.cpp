#include "process/system_call_filter.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <type_traits>

namespace wring {
namespace {

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, FreeFilter>;

// What both need: packets, waiting, memory, the clock, the log, and their own end.
constexpr std::array kBoth{
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(futex),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(getsockopt),
    SCMP_SYS(connect),
    SCMP_SYS(fstat),
    SCMP_SYS(stat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(lseek),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getuid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(tgkill),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Besides: clients of the control socket, new sockets for a new port, the socket's file, and
// letting go of the terminal.
constexpr std::array kControl{
    SCMP_SYS(dup2),        SCMP_SYS(dup3),
    SCMP_SYS(accept4),     SCMP_SYS(bind),
    SCMP_SYS(listen),      SCMP_SYS(shutdown),
    SCMP_SYS(setsockopt),  SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(fcntl),
    SCMP_SYS(lstat),       SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),    SCMP_SYS(timerfd_settime),
};

constexpr std::array kControlSockets{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
constexpr std::array kWorkerSockets{AF_UNIX};  // a log that was started anew
constexpr auto kIoctls =
    std::to_array<unsigned long>({TUNGETIFF, TUNGETDEVNETNS, SIOCGSKNS, SIOCGIFMTU, SIOCGIFINDEX,
                                  SIOCGIFNAME, FIONREAD, TIOCOUTQ});

int allow(scmp_filter_ctx filter, int call) {
  return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

int allow_if(scmp_filter_ctx filter, int call, const scmp_arg_cmp& argument) {
  return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &argument);
}

// 0, or a negative errno.
int add_rules(scmp_filter_ctx filter, ThreadRole role) {
  const bool control = role == ThreadRole::kControl;
  int failed = 0;
  const auto note = [&failed](int result) {
    if (result < 0) failed = result;
  };
  for (const int call : kBoth)
    note(allow(filter, call));
  if (control) {
    for (const int call : kControl)
      note(allow(filter, call));
  }
  for (const int domain : control ? std::span<const int>(kControlSockets) : kWorkerSockets) {
    note(allow_if(filter, SCMP_SYS(socket), {0, SCMP_CMP_EQ, static_cast<unsigned>(domain), 0}));
  }
  for (const unsigned long request : kIoctls)
    note(allow_if(filter, SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, 0xffffffffU, request}));
  // Memory is data: no page becomes executable.
  const scmp_arg_cmp never_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  note(allow_if(filter, SCMP_SYS(mmap), never_executable));
  note(allow_if(filter, SCMP_SYS(mprotect), never_executable));
  // The C library tries clone3 first and takes only this for "not there".
  note(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
  return failed;
}

}  // namespace

Result<void> filter_system_calls(ThreadRole role) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return failure("cannot make a filter of system calls");
  // A binary tree of the calls instead of a list.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  int failed = add_rules(filter.get(), role);
  if (failed == 0) failed = seccomp_load(filter.get());
  if (failed == 0) return {};
  return system_failure("cannot filter system calls", -failed,
                        "run on a kernel with CONFIG_SECCOMP_FILTER, or with --no-seccomp");
}

}  // namespace wring
