// Builds the filter of each role: lists of calls that are harmless whatever their arguments are,
// and rules for calls that are not.
#include "process/system_call_filter.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>

namespace wring {
namespace {

struct FreeFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, FreeFilter>;

// Every thread: memory, the clock, locks, writing to the log, waking another thread, and its end.
constexpr std::array kEvery{
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(sendto),
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
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Besides, threads that move packets or messages over descriptors.
constexpr std::array kDescriptors{
    SCMP_SYS(read),       SCMP_SYS(readv),       SCMP_SYS(close),        SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),   SCMP_SYS(recvfrom),    SCMP_SYS(sendmsg),      SCMP_SYS(sendmmsg),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),       SCMP_SYS(ppoll),       SCMP_SYS(getsockopt),   SCMP_SYS(fstat),
};

// The rings are open. Uring::start() says what they may do.
constexpr std::array kWorker{SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)};

// Clients of the control socket, new sockets for a new port, the socket's file, and letting go of
// the terminal. unlink() goes with restrict_files(), which says what may be deleted.
constexpr std::array kControl{
    SCMP_SYS(dup2),     SCMP_SYS(dup3),       SCMP_SYS(accept4),         SCMP_SYS(bind),
    SCMP_SYS(shutdown), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),     SCMP_SYS(getpeername),
    SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(newfstatat),      SCMP_SYS(statx),
    SCMP_SYS(unlink),   SCMP_SYS(unlinkat),   SCMP_SYS(timerfd_settime),
};

// Connections, pipes between them, and the files that the look-up of names reads.
constexpr std::array kRelay{
    SCMP_SYS(accept4),     SCMP_SYS(bind),
    SCMP_SYS(listen),      SCMP_SYS(connect),
    SCMP_SYS(shutdown),    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(splice),      SCMP_SYS(pipe2),
    SCMP_SYS(stat),        SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),       SCMP_SYS(timerfd_settime),
};

constexpr std::array kStack{SCMP_SYS(shutdown), SCMP_SYS(timerfd_settime)};

constexpr std::array kServer{SCMP_SYS(accept),         SCMP_SYS(accept4),     SCMP_SYS(shutdown),
                             SCMP_SYS(setsockopt),     SCMP_SYS(getsockname), SCMP_SYS(getpeername),
                             SCMP_SYS(timerfd_settime)};
// Which files it may open is said by restrict_files().
constexpr std::array kAsker{SCMP_SYS(open),   SCMP_SYS(openat), SCMP_SYS(getdents64),
                            SCMP_SYS(stat),   SCMP_SYS(lstat),  SCMP_SYS(newfstatat),
                            SCMP_SYS(statx),  SCMP_SYS(lseek),  SCMP_SYS(setsockopt),
                            SCMP_SYS(connect)};

constexpr auto kWorkerIoctls = std::to_array<unsigned long>({TUNGETIFF, TIOCOUTQ});
constexpr auto kControlIoctls = std::to_array<unsigned long>(
    {TUNGETIFF, TUNGETDEVNETNS, SIOCGSKNS, SIOCGIFMTU, SIOCGIFINDEX, TIOCOUTQ});

// What fcntl() may do. F_SETOWN and F_SETSIG would have the kernel send a signal to any process.
constexpr auto kControlFcntls = std::to_array<int>({F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL});

constexpr auto kPlainFcntls = std::to_array<int>({F_GETFL, F_SETFL, F_GETFD, F_SETFD});

constexpr unsigned kSocketTypeMask = 0xf;  // without SOCK_CLOEXEC and SOCK_NONBLOCK

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xffffffffU, value};
}

// Adds rules to a filter and remembers whether one failed.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void allow(std::span<const int> calls) {
    for (const int call : calls)
      note(seccomp_rule_add(filter_, SCMP_ACT_ALLOW, call, 0));
  }
  // Allows the call if all of `arguments` hold.
  void allow_if(int call, std::initializer_list<scmp_arg_cmp> arguments) {
    note(seccomp_rule_add_array(filter_, SCMP_ACT_ALLOW, call,
                                static_cast<unsigned>(arguments.size()), arguments.begin()));
  }
  void refuse_with(int error, int call) {
    note(seccomp_rule_add(filter_, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call, 0));
  }
  // 0, or the negative errno of the last rule that failed.
  [[nodiscard]] int error() const { return error_; }

 private:
  void note(int result) {
    if (result < 0) error_ = result;
  }

  scmp_filter_ctx filter_;
  int error_ = 0;
};

void allow_every_thread(Rules& rules) {
  rules.allow(kEvery);
  // Memory is data: no page becomes executable.
  const scmp_arg_cmp never_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
  rules.allow_if(SCMP_SYS(mmap), {never_executable});
  rules.allow_if(SCMP_SYS(mprotect), {never_executable});
  // abort() signals its own thread.
  rules.allow_if(SCMP_SYS(tgkill), {is(0, static_cast<std::uint64_t>(getpid()))});
  // The C library tries clone3 first and takes only this for "not there".
  rules.refuse_with(ENOSYS, SCMP_SYS(clone3));
}

// UDP, and questions to the kernel about routes and interfaces. No local socket: bind() is allowed,
// so it would reach services of the host that take datagrams, and could have their answers.
void allow_new_sockets(Rules& rules) {
  const scmp_arg_cmp datagrams{1, SCMP_CMP_MASKED_EQ, kSocketTypeMask, SOCK_DGRAM};
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int protocol : {0, int{IPPROTO_UDP}}) {
      rules.allow_if(SCMP_SYS(socket), {is(0, static_cast<std::uint64_t>(family)), datagrams,
                                        is(2, static_cast<std::uint64_t>(protocol))});
    }
  }
  rules.allow_if(SCMP_SYS(socket), {is(0, AF_NETLINK), is(2, NETLINK_ROUTE)});
}

void allow_control(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kControl);
  allow_new_sockets(rules);
  for (const unsigned long request : kControlIoctls)
    rules.allow_if(SCMP_SYS(ioctl), {is(1, request)});
  for (const int command : kControlFcntls)
    rules.allow_if(SCMP_SYS(fcntl), {is(1, static_cast<std::uint64_t>(command))});
}

void allow_worker(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kWorker);
  for (const unsigned long request : kWorkerIoctls)
    rules.allow_if(SCMP_SYS(ioctl), {is(1, request)});
}

void allow_relay(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kRelay);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const int type : {int{SOCK_STREAM}, int{SOCK_DGRAM}}) {
      rules.allow_if(SCMP_SYS(socket),
                     {is(0, static_cast<std::uint64_t>(family)),
                      {1, SCMP_CMP_MASKED_EQ, kSocketTypeMask, static_cast<std::uint64_t>(type)},
                      is(2, 0)});
    }
  }
  // Of datagrams (SOCK_DGRAM), an end could send to any socket of a path.
  for (const int type : {int{SOCK_STREAM}, int{SOCK_SEQPACKET}}) {
    rules.allow_if(SCMP_SYS(socketpair),
                   {is(0, AF_UNIX),
                    {1, SCMP_CMP_MASKED_EQ, kSocketTypeMask, static_cast<std::uint64_t>(type)}});
  }
  rules.allow_if(SCMP_SYS(fcntl), {is(1, F_SETPIPE_SZ)});
  const scmp_arg_cmp only_reading{2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY};
  rules.allow_if(SCMP_SYS(openat), {only_reading});
}

// It has the sockets that it needs, and makes pairs of them for connections that come.
void allow_stack(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kStack);
  rules.allow_if(SCMP_SYS(socketpair),
                 {is(0, AF_UNIX), {1, SCMP_CMP_MASKED_EQ, kSocketTypeMask, SOCK_STREAM}});
}

void allow_server(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kServer);
  for (const int command : kPlainFcntls)
    rules.allow_if(SCMP_SYS(fcntl), {is(1, static_cast<std::uint64_t>(command))});
}

void allow_asker(Rules& rules) {
  rules.allow(kDescriptors);
  rules.allow(kAsker);
  // To engines, and to ask for the number of an interface.
  rules.allow_if(SCMP_SYS(socket), {is(0, AF_UNIX)});
  rules.allow_if(SCMP_SYS(ioctl), {is(1, SIOCGIFINDEX)});
  // To list a folder.
  for (const int command : kPlainFcntls)
    rules.allow_if(SCMP_SYS(fcntl), {is(1, static_cast<std::uint64_t>(command))});
}

}  // namespace

Result<void> filter_system_calls(ThreadRole role) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return failure("cannot make a filter of system calls");
  // A binary tree of the calls instead of a list.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  // Numbers of 32-bit and x32 calls mean something else.
  seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  Rules rules(filter.get());
  allow_every_thread(rules);
  if (role == ThreadRole::kControl) allow_control(rules);
  if (role == ThreadRole::kWorker) allow_worker(rules);
  if (role == ThreadRole::kRelay) allow_relay(rules);
  if (role == ThreadRole::kStack) allow_stack(rules);
  if (role == ThreadRole::kServer) allow_server(rules);
  if (role == ThreadRole::kAsker) allow_asker(rules);
  int failed = rules.error();
  if (failed == 0) failed = seccomp_load(filter.get());
  if (failed == 0) return {};
  return system_failure("cannot filter system calls", -failed,
                        "run on a kernel with CONFIG_SECCOMP_FILTER, or with --no-seccomp");
}

}  // namespace wring
