// Reads signals from a signalfd.
#include "exec/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace wring::exec {

Result<Signals> Signals::block() {
  sigset_t all;
  sigfillset(&all);
  // A fault is told at once, or the process is killed without a word.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    sigdelset(&all, fault);
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &all, &before);
  // Where it was ignored, nobody could wait for a child.
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t read = all;
  sigdelset(&read, SIGCHLD);
  sigdelset(&read, SIGPIPE);
  UniqueFd fd(signalfd(-1, &read, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return system_failure("cannot make a signalfd", errno);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  return Signals(before, blocked, std::move(fd));
}

std::optional<Signals::Received> Signals::next() const {
  signalfd_siginfo info;
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return Received{static_cast<int>(info.ssi_signo), static_cast<pid_t>(info.ssi_pid)};
}

}  // namespace wring::exec
