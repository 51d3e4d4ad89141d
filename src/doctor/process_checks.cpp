// Tries locked memory, Landlock and namespaces, and judges the clock.
#include "doctor/process_checks.h"

#include <fmt/chrono.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>

#include "process/file_rules.h"
#include "process/locked_memory.h"

namespace wring::doctor {
namespace {

// No wring is older. A program's own file may have any date.
constexpr std::int64_t kFirstRelease = 1'767'225'600;  // 2026-01-01
constexpr std::int64_t kYear = std::int64_t{365} * 86'400;
constexpr std::int64_t kMaxAge = 25 * kYear;
// An exit status below it is the errno of the first step, one above that of the second, plus this.
constexpr int kSecondStep = 128;

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// When the file of this program was made, or the first release.
std::int64_t program_made() {
  struct stat info {};
  if (::stat("/proc/self/exe", &info) != 0) return kFirstRelease;
  return std::max<std::int64_t>(info.st_mtime, kFirstRelease);
}

// A sysctl that is one number; -1 if this kernel does not have it.
long sysctl(const std::string& name) {
  long value = -1;
  std::ifstream file("/proc/sys/" + name);
  if (!(file >> value)) return -1;
  return value;
}

// 0, or how far a process of an ordinary user does not get.
int try_namespaces() {
  const pid_t pid = fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    if (unshare(CLONE_NEWUSER) != 0) _exit(errno);
    // Where AppArmor confines user namespaces, they have no capabilities.
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) _exit(kSecondStep + errno);
    _exit(0);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

struct Refusal {
  std::string who;
  std::string cure;
};

Refusal who_refuses(int result) {
  if (sysctl("user/max_user_namespaces") == 0) {
    return {"user.max_user_namespaces is 0", "run `sysctl -w user.max_user_namespaces=10000`"};
  }
  if (sysctl("kernel/unprivileged_userns_clone") == 0) {
    return {"kernel.unprivileged_userns_clone is 0",
            "run `sysctl -w kernel.unprivileged_userns_clone=1`"};
  }
  if (sysctl("kernel/apparmor_restrict_unprivileged_userns") == 1) {
    return {"AppArmor confines user namespaces",
            "give the program a profile with `userns,`, or run "
            "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"};
  }
  if (result == ENOSPC) {
    return {"the limit of nested or counted namespaces is reached",
            "raise user.max_user_namespaces"};
  }
  return {"probably a filter of system calls refuses it, as in a container of Docker",
          "run the container with a filter that permits unshare"};
}

bool is_kept_right() {
  timex state{};
  return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

Finding check_locked_memory() {
  const auto locked = lock_memory();
  if (locked) return {Grade::kGood, "locked-memory", {}, "memory with keys can be locked", {}, {}};
  Finding finding = finding_of(locked.error(), Grade::kWarning, "locked-memory");
  finding.means = "tunnels work, but their keys may be written to a disk with swap";
  return finding;
}

Finding check_landlock() {
  const auto version = landlock_version();
  if (version) {
    return {Grade::kGood,
            "landlock",
            {},
            fmt::format("Landlock (version {}) keeps confined threads from files", *version),
            {},
            {}};
  }
  Finding finding = finding_of(version.error(), Grade::kWarning, "landlock");
  finding.means =
      "tunnels work, but a control thread that was taken over could delete any file that its user "
      "may";
  return finding;
}

Finding check_user_namespaces() {
  const int result = try_namespaces();
  if (result == 0) {
    return {Grade::kGood, "user-namespaces", {}, "user namespaces can be made here", {}, {}};
  }
  const int error = result % kSecondStep;
  const auto [who, cure] = who_refuses(error);
  return {Grade::kNote,
          "user-namespaces",
          {},
          system_failure("user namespaces cannot be made here", error).value().message + "; " + who,
          "an ordinary user cannot have a network of his own here; tunnels of root do not need it",
          cure};
}

bool is_plausible(WallTime now) {
  const std::int64_t made = program_made();
  // Time stamps of files are taken by the clock of another machine, perhaps in another zone.
  return seconds_of(now) > made - 86'400 && seconds_of(now) < made + kMaxAge;
}

Finding check_clock(WallTime now) {
  const std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                                       fmt::gmtime(static_cast<std::time_t>(seconds_of(now))));
  if (!is_plausible(now)) {
    const bool early = seconds_of(now) < program_made();
    return {Grade::kProblem,
            "clock",
            {},
            "the clock says " + text + ", which is " +
                (early ? "before this program was made" : "decades after this program was made"),
            early ? "a peer that has seen a later time from this host refuses all of its handshakes"
                  : "once the clock is right, peers refuse this host's handshakes, because they "
                    "have seen a later time",
            "set the clock: `timedatectl set-ntp true`, or `date -s`"};
  }
  if (is_kept_right()) {
    return {Grade::kGood, "clock", {}, "the clock says " + text + " and is kept right", {}, {}};
  }
  return {Grade::kNote,
          "clock",
          {},
          "the clock says " + text + ", and nothing keeps it right",
          "if it is set back while the engine restarts, peers refuse the handshakes of this host "
          "until it has caught up",
          "if that is not right, set it; `timedatectl set-ntp true` keeps it right"};
}

}  // namespace wring::doctor
