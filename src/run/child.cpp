// Starts a program by fork() and exec, and ends it.
#include "run/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>

namespace wring::run {
namespace {

constexpr std::chrono::milliseconds kEndLimit{5000};

// In the child. It has its own process group, because Ctrl-C is for the supervisor alone.
[[noreturn]] void become(char* const* words, pid_t parent,
                         const std::vector<Child::HandedIn>& handed_in) {
  // What this process was given by others is not for its child.
  for (const char* const variable : {"WG_TUN_FD", "WG_PACKET_FD", "WG_STACK_FD", "WG_NETLINK_FD",
                                     "WG_UAPI_FD", "WG_PROCESS_FOREGROUND"})
    unsetenv(variable);
  for (const Child::HandedIn& each : handed_in) {
    setenv(each.variable, std::to_string(each.fd).c_str(), 1);
    fcntl(each.fd, F_SETFD, 0);
  }
  // A terminal that stops background processes when they write is no reason to carry no packets.
  ::signal(SIGTTOU, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  const int input = ::open("/dev/null", O_RDONLY);
  if (input >= 0) dup2(input, STDIN_FILENO);
  if (setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
      sigprocmask(SIG_SETMASK, &none, nullptr) == 0) {
    ::execv(words[0], words);
  }
  _exit(127);
}

}  // namespace

Result<Child> Child::start(const std::string& program, const std::vector<std::string>& words,
                           const std::vector<HandedIn>& handed_in) {
  std::vector<std::string> kept{program};
  kept.insert(kept.end(), words.begin(), words.end());
  std::vector<char*> pointers;
  pointers.reserve(kept.size() + 1);
  for (std::string& word : kept)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return system_failure("cannot start " + program, errno);
  if (pid == 0) become(pointers.data(), parent, handed_in);
  UniqueFd watch(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  Child child(pid, std::move(watch));
  if (!child.watch_) return system_failure("cannot watch " + program, errno);
  return child;
}

void Child::stop() {
  if (pid_ == 0) return;
  // By the pidfd: if somebody else has waited for it, its number may be another process's.
  syscall(SYS_pidfd_send_signal, watch_.get(), SIGTERM, nullptr, 0);
  pollfd ended{watch_.get(), POLLIN, 0};
  while (poll(&ended, 1, static_cast<int>(kEndLimit.count())) < 0 && errno == EINTR)
    continue;
  if (ended.revents == 0) syscall(SYS_pidfd_send_signal, watch_.get(), SIGKILL, nullptr, 0);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR)
    continue;
  pid_ = 0;
}

}  // namespace wring::run
