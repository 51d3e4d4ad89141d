// Signals that this process gets, in place of being ended or stopped by them.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::exec {

// Blocks nearly every signal for as long as the process lives: what the terminal sends to the
// foreground reaches the command without us, and must not end or stop us first. Main thread, before
// there are others.
class Signals {
 public:
  static Result<Signals> block();

  // They end this process as ever until block_again(): while it waits for words of a user.
  void unblock() const { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  void block_again() const { pthread_sigmask(SIG_SETMASK, &blocked_, nullptr); }
  // What was blocked before: for the command.
  [[nodiscard]] const sigset_t& before() const { return before_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  struct Received {
    int number = 0;
    // 0: the kernel, or a process outside the PID namespace.
    pid_t sender = 0;
  };
  // Nothing if there is none. Never blocks.
  [[nodiscard]] std::optional<Received> next() const;

 private:
  Signals(const sigset_t& before, const sigset_t& blocked, UniqueFd fd)
      : before_(before), blocked_(blocked), fd_(std::move(fd)) {}

  sigset_t before_;
  sigset_t blocked_;
  UniqueFd fd_;
};

}  // namespace wring::exec
