// Attacks from a thread that was taken over. Each runs in a child, because there is no way back.
#include "process/system_call_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/unique_fd.h"
#include "tests/support/temporary_folder.h"

namespace wring {
namespace {

constexpr ThreadRole kRoles[] = {ThreadRole::kControl, ThreadRole::kWorker,
                                 ThreadRole::kHandshakes};

// Runs `attack` in a child that is confined to the calls of `role`, and returns its wait status.
template <typename Attack>
int confined(ThreadRole role, Attack attack) {
  const pid_t child = fork();
  if (child == 0) _exit(filter_system_calls(role) ? attack() : 99);
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// The errno with which a system call fails in a child of that role; 0 if it works.
template <typename... Arguments>
int error_of(ThreadRole role, long call, Arguments... arguments) {
  const int status = confined(role, [&] { return syscall(call, arguments...) < 0 ? errno : 0; });
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A service that its owner alone may connect to, as docker.sock is.
class Service {
 public:
  Service() {
    address_.sun_family = AF_UNIX;
    (folder_.path() + "/service.sock").copy(address_.sun_path, sizeof address_.sun_path - 1);
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    listens_ = fchmod(listener_.get(), 0600) == 0 &&
               bind(listener_.get(), address(), sizeof address_) == 0 &&
               listen(listener_.get(), 1) == 0;
  }
  [[nodiscard]] bool listens() const { return listens_; }
  [[nodiscard]] const sockaddr* address() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }

 private:
  test::TemporaryFolder folder_;
  sockaddr_un address_{};
  UniqueFd listener_;
  bool listens_ = false;
};

TEST(SystemCallFilter, a_service_of_the_same_user_cannot_be_connected_to) {
  const Service service;
  ASSERT_TRUE(service.listens());
  const UniqueFd ready(socket(AF_UNIX, SOCK_STREAM, 0));
  for (const ThreadRole role : kRoles) {
    EXPECT_EQ(error_of(role, SYS_connect, ready.get(), service.address(), sizeof(sockaddr_un)),
              EPERM);
    EXPECT_EQ(error_of(role, SYS_socket, AF_UNIX, SOCK_STREAM, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_socket, AF_UNIX, SOCK_SEQPACKET, 0), EPERM);
  }
  EXPECT_EQ(connect(ready.get(), service.address(), sizeof(sockaddr_un)), 0);
}

TEST(SystemCallFilter, a_worker_opens_no_socket_at_all) {
  for (const ThreadRole role : {ThreadRole::kWorker, ThreadRole::kHandshakes}) {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
      for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW})
        EXPECT_EQ(error_of(role, SYS_socket, family, type, 0), EPERM) << family << " " << type;
    }
    EXPECT_EQ(error_of(role, SYS_accept4, 0, nullptr, nullptr, 0), EPERM);
  }
}

TEST(SystemCallFilter, the_control_thread_opens_udp_and_route_sockets_only) {
  constexpr ThreadRole kRole = ThreadRole::kControl;
  for (const int family : {AF_INET, AF_INET6}) {
    EXPECT_EQ(
        error_of(kRole, SYS_socket, family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP),
        0);
    EXPECT_EQ(error_of(kRole, SYS_socket, family, SOCK_STREAM, 0), EPERM);
    EXPECT_EQ(error_of(kRole, SYS_socket, family, SOCK_RAW, IPPROTO_ICMP), EPERM);
    EXPECT_EQ(error_of(kRole, SYS_socket, family, SOCK_DGRAM, IPPROTO_ICMP), EPERM);
  }
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), 0);
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER), EPERM);
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_PACKET, SOCK_RAW, 0), EPERM);
  // It could be bound, and so have answers of services that take datagrams.
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_UNIX, SOCK_DGRAM, 0), EPERM);
}

TEST(SystemCallFilter, a_relay_makes_pairs_that_reach_each_other_only) {
  int ends[2];
  constexpr ThreadRole kRole = ThreadRole::kRelay;
  for (const int type : {SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, int{SOCK_SEQPACKET}})
    EXPECT_EQ(error_of(kRole, SYS_socketpair, AF_UNIX, type, 0, ends), 0) << type;
  // They may send to a socket of a path, which may be a service of the host.
  for (const int type : {SOCK_DGRAM, SOCK_RAW})
    EXPECT_EQ(error_of(kRole, SYS_socketpair, AF_UNIX, type, 0, ends), EPERM) << type;
}

TEST(SystemCallFilter, a_stack_makes_pairs_of_streams_only) {
  int ends[2];
  constexpr ThreadRole kRole = ThreadRole::kStack;
  EXPECT_EQ(
      error_of(kRole, SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
      0);
  for (const int type : {SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET})
    EXPECT_EQ(error_of(kRole, SYS_socketpair, AF_UNIX, type, 0, ends), EPERM) << type;
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_INET, SOCK_STREAM, 0), EPERM);
  EXPECT_EQ(error_of(kRole, SYS_socket, AF_UNIX, SOCK_STREAM, 0), EPERM);
}

// Listens at 127.0.0.1, and has a connection to itself.
struct Loopback {
  Loopback() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener.get(), any, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), any, &size), 0);
    EXPECT_EQ(connect(client.get(), any, size), 0);
    accepted.reset(accept(listener.get(), nullptr, nullptr));
  }
  sockaddr_in address{};
  UniqueFd listener{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  UniqueFd client{socket(AF_INET, SOCK_STREAM, 0)};
  UniqueFd accepted;
};

TEST(SystemCallFilter, a_stack_cannot_lead_a_clients_connection_elsewhere) {
  constexpr ThreadRole kRole = ThreadRole::kStack;
  const Loopback elsewhere;
  Loopback mine;
  const int client = mine.client.get();
  const auto send_elsewhere = [&] {
    return error_of(kRole, SYS_sendto, client, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                    &elsewhere.address, sizeof elsewhere.address);
  };
  // Which would end the connection, so that there can be another.
  const sockaddr none{AF_UNSPEC, {}};
  EXPECT_EQ(error_of(kRole, SYS_connect, client, &none, sizeof none), EPERM);
  EXPECT_NE(error_of(kRole, SYS_sendto, client, "x", 1, MSG_FASTOPEN, &none, sizeof none), 0);
  EXPECT_EQ(send_elsewhere(), EISCONN);
  constexpr linger kAtOnce{1, 0};
  setsockopt(mine.accepted.get(), SOL_SOCKET, SO_LINGER, &kAtOnce, sizeof kAtOnce);
  mine.accepted.reset();
  EXPECT_NE(send_elsewhere(), 0);
  EXPECT_EQ(send_elsewhere(), EISCONN);
  EXPECT_LT(accept(elsewhere.listener.get(), nullptr, nullptr), 0);
}

TEST(SystemCallFilter, no_other_process_gets_a_signal) {
  const pid_t other = fork();
  if (other == 0) {
    pause();
    _exit(0);
  }
  const UniqueFd udp(socket(AF_INET, SOCK_DGRAM, 0));
  for (const ThreadRole role : kRoles) {
    EXPECT_EQ(error_of(role, SYS_tgkill, other, other, SIGKILL), EPERM);
    EXPECT_EQ(error_of(role, SYS_tkill, other, SIGKILL), EPERM);
    EXPECT_EQ(error_of(role, SYS_kill, other, SIGKILL), EPERM);
    EXPECT_EQ(error_of(role, SYS_rt_sigqueueinfo, other, SIGKILL, nullptr), EPERM);
    EXPECT_EQ(error_of(role, SYS_pidfd_open, other, 0), EPERM);
    // The kernel sends the signal when the descriptor becomes ready.
    EXPECT_EQ(error_of(role, SYS_fcntl, udp.get(), F_SETOWN, other), EPERM);
    EXPECT_EQ(error_of(role, SYS_fcntl, udp.get(), F_SETSIG, SIGKILL), EPERM);
    EXPECT_EQ(error_of(role, SYS_ioctl, udp.get(), FIOSETOWN, &other), EPERM);
  }
  EXPECT_EQ(waitpid(other, nullptr, WNOHANG), 0);
  ASSERT_EQ(kill(other, SIGKILL), 0);
  waitpid(other, nullptr, 0);
}

TEST(SystemCallFilter, a_failed_assertion_still_ends_the_process) {
  for (const ThreadRole role : kRoles) {
    const int status = confined(role, []() -> int {
      signal(SIGABRT, SIG_DFL);
      std::abort();
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGABRT);
  }
}

TEST(SystemCallFilter, no_file_is_opened_and_no_program_started) {
  for (const ThreadRole role : kRoles) {
    EXPECT_EQ(error_of(role, SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_openat2, AT_FDCWD, "/dev/null", nullptr, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_execve, "/bin/true", nullptr, nullptr), EPERM);
    EXPECT_EQ(error_of(role, SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_clone3, nullptr, 0), ENOSYS);
    EXPECT_EQ(error_of(role, SYS_memfd_create, "code", 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_io_uring_setup, 8, nullptr), EPERM);
    EXPECT_EQ(error_of(role, SYS_open_by_handle_at, 0, nullptr, 0), EPERM);
  }
}

TEST(SystemCallFilter, no_memory_becomes_code) {
  void* const page =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  for (const ThreadRole role : kRoles) {
    EXPECT_EQ(error_of(role, SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
              EPERM);
    EXPECT_EQ(error_of(role, SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC), EPERM);
    EXPECT_EQ(error_of(role, SYS_pkey_mprotect, page, 4096, PROT_EXEC, -1), EPERM);
    EXPECT_EQ(error_of(role, SYS_personality, 0x0400000), EPERM);  // READ_IMPLIES_EXEC
    EXPECT_EQ(error_of(role, SYS_mprotect, page, 4096, PROT_READ), 0);
  }
  munmap(page, 4096);
}

TEST(SystemCallFilter, no_other_process_is_read_and_nothing_is_given_back) {
  char byte = 0;
  const iovec ours{&byte, 1};
  for (const ThreadRole role : kRoles) {
    EXPECT_EQ(error_of(role, SYS_ptrace, PTRACE_ATTACH, getpid(), 0, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_process_vm_readv, getpid(), &ours, 1, &ours, 1, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_bpf, BPF_PROG_LOAD, nullptr, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1), EPERM);
    EXPECT_EQ(error_of(role, SYS_setns, 0, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_unshare, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_setuid, 0), EPERM);
    EXPECT_EQ(error_of(role, SYS_capset, nullptr, nullptr), EPERM);
    EXPECT_EQ(error_of(role, SYS_ioctl, 0, TIOCSTI, &byte), EPERM);
    EXPECT_EQ(error_of(role, SYS_ioctl, 0, TIOCSTI | (1UL << 32), &byte), EPERM);
  }
}

#ifdef __x86_64__
TEST(SystemCallFilter, a_call_of_another_architecture_ends_the_process) {
  constexpr long kX32 = 0x40000000;
  for (const ThreadRole role : kRoles) {
    const int status = confined(role, [] { return static_cast<int>(syscall(kX32 | SYS_getpid)); });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGSYS);
  }
}
#endif

TEST(SystemCallFilter, a_thread_that_computes_does_not_even_read) {
  EXPECT_EQ(error_of(ThreadRole::kHandshakes, SYS_read, 0, nullptr, 0), EPERM);
  EXPECT_EQ(error_of(ThreadRole::kHandshakes, SYS_recvmsg, 0, nullptr, 0), EPERM);
  EXPECT_EQ(error_of(ThreadRole::kHandshakes, SYS_close, 0), EPERM);
}

}  // namespace
}  // namespace wring
