// Makes a Landlock domain that allows nothing but what the rules say.
#include "process/file_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/unique_fd.h"

namespace wring {
namespace {

// The kernel's struct of today. The headers of Linux 6.1 know only its first field. An older kernel
// takes the longer struct if what it does not know is zero.
struct Ruleset {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t bits_below(unsigned bit) {
  return (std::uint64_t{1} << bit) - 1;
}

// All that a kernel with version `abi` of the interface can forbid.
Ruleset everything(long abi) {
  Ruleset rules;
  rules.handled_access_fs = bits_below(13);
  if (abi >= 2) rules.handled_access_fs = bits_below(14);  // moving between folders
  if (abi >= 3) rules.handled_access_fs = bits_below(15);  // truncating
  if (abi >= 5) rules.handled_access_fs = bits_below(16);  // ioctl on a device that is opened later
  if (abi >= 4) rules.handled_access_net = bits_below(2);  // bind and connect of TCP
  if (abi >= 6) rules.scoped = bits_below(2);              // abstract UNIX sockets, and signals
  return rules;
}

// A path that is not there needs no rule. If one cannot be made, less is allowed, which is no
// reason to go without the others.
void allow(int ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd where(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!where) return;
  const landlock_path_beneath_attr rule{access, where.get()};
  syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

void allow_reading(int ruleset, const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return;
  // The kernel refuses a rule about folders for a file.
  const std::uint64_t folder = S_ISDIR(info.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0;
  allow(ruleset, path, LANDLOCK_ACCESS_FS_READ_FILE | folder);
}

}  // namespace

Result<long> landlock_version() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version > 0) return version;
  const int error = errno;
  return system_failure("there is no Landlock here", error,
                        error == EOPNOTSUPP
                            ? "name landlock in lsm= of the kernel's command line"
                            : "run Linux 5.13 or newer, under a filter of system calls that "
                              "permits landlock_create_ruleset");
}

bool restrict_files(const FileRules& left) {
  const auto version = landlock_version();
  if (!version) return false;
  Ruleset rules = everything(*version);
  if (left.tcp) rules.handled_access_net = 0;
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (!ruleset) return false;
  if (!left.delete_in.empty()) {
    allow(ruleset.get(), left.delete_in, LANDLOCK_ACCESS_FS_REMOVE_FILE);
  }
  for (const std::string& path : left.readable)
    allow_reading(ruleset.get(), path);
  return syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace wring
