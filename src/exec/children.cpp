// Asks /proc for the children again and again, because those that end leave theirs to us.
#include "exec/children.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <set>
#include <string>

#include "base/clock.h"

namespace wring::exec {
namespace {

// False once there are none.
bool reap_one() {
  return waitpid(-1, nullptr, WNOHANG) >= 0 || errno == EINTR;
}

}  // namespace

std::set<pid_t> children() {
  const std::string self = std::to_string(getpid());
  std::ifstream file("/proc/self/task/" + self + "/children");
  std::set<pid_t> found;
  for (pid_t pid = 0; file >> pid;)
    found.insert(pid);
  return found;
}

void adopt_orphans() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void end_children(std::chrono::seconds grace, const std::set<pid_t>& spared) {
  const SystemClock clock;
  const TimePoint limit = clock.now() + grace;
  constexpr timespec kPause{0, 20'000'000};
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  std::set<pid_t> asked;
  while (reap_one()) {
    const bool kills = clock.now() >= limit;
    std::set<pid_t> present = children();
    for (const pid_t pid : spared)
      present.erase(pid);
    if (present.empty() && (kills || !spared.empty())) return;
    for (const pid_t pid : present) {
      if (kills) {
        kill(pid, SIGKILL);
      } else if (asked.insert(pid).second) {
        kill(pid, SIGTERM);
        kill(pid, SIGCONT);
      }
    }
    sigtimedwait(&child, nullptr, &kPause);
  }
}

}  // namespace wring::exec
