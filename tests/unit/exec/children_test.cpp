// Ends what descends from a process, in a process of the test's own.
#include "exec/children.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace wring::exec {
namespace {

// Exits with 0 if no child is left after the end of a family: a child that ignores SIGTERM, and an
// orphan in a session of its own.
[[noreturn]] void live_and_end(std::chrono::seconds grace) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  adopt_orphans();
  if (std::system("(setsid sleep 1000 &); (trap '' TERM; exec sleep 1000) &") != 0) _exit(2);
  end_children(grace);
  _exit(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD ? 0 : 1);
}

TEST(EndChildren, ends_orphans_and_those_that_ignore_it) {
  for (const int grace : {0, 1}) {
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) live_and_end(std::chrono::seconds(grace));
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0) << grace;
  }
}

}  // namespace
}  // namespace wring::exec
