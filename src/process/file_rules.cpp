// Makes a Landlock domain that allows nothing, or only to delete files in one folder.
#include "process/file_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

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

bool allow_deleting_in(int ruleset, const std::string& folder) {
  const UniqueFd where(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!where) return false;
  const landlock_path_beneath_attr rule{LANDLOCK_ACCESS_FS_REMOVE_FILE, where.get()};
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

bool restrict_files(const std::string& folder) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return false;
  const Ruleset rules = everything(abi);
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0)));
  if (!ruleset) return false;
  // Without this rule the file of the control socket stays behind at the end, which is no reason to
  // go without the others.
  if (!folder.empty()) allow_deleting_in(ruleset.get(), folder);
  return syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace wring
