// Changes the user, empties the sets of capabilities, and closes the way back.
#include "process/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <span>
#include <type_traits>

namespace wring {
namespace {

struct FreeCapabilities {
  void operator()(std::remove_pointer_t<cap_t>* state) const { cap_free(state); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

constexpr std::array kLiveChanges{CAP_NET_ADMIN, CAP_NET_BIND_SERVICE};

// Takes every capability from the calling thread, except those of `wanted` that it has now.
Result<void> keep_capabilities(std::span<const cap_value_t> wanted) {
  const Capabilities now(cap_get_proc());
  const Capabilities kept(cap_init());
  if (!now || !kept) return system_failure("cannot read the capabilities", errno);
  for (const cap_value_t each : wanted) {
    cap_flag_value_t permitted = CAP_CLEAR;
    if (cap_get_flag(now.get(), each, CAP_PERMITTED, &permitted) != 0 || permitted == CAP_CLEAR)
      continue;
    cap_set_flag(kept.get(), CAP_PERMITTED, 1, &each, CAP_SET);
    cap_set_flag(kept.get(), CAP_EFFECTIVE, 1, &each, CAP_SET);
  }
  if (cap_set_proc(kept.get()) == 0) return {};
  return system_failure("cannot give up capabilities", errno);
}

// No program that is executed from here on could get them back. Without CAP_SETPCAP the set stays,
// which is harmless because of no_new_privs.
void empty_bounding_set() {
  for (cap_value_t each = 0; cap_get_bound(each) >= 0; ++each)
    cap_drop_bound(each);
  cap_reset_ambient();
}

Result<void> become(const Account& user) {
  // Capabilities outlive the change of user, so that keep_capabilities() can choose among them.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, nullptr) != 0 ||
      setresgid(user.gid, user.gid, user.gid) != 0 ||
      setresuid(user.uid, user.uid, user.uid) != 0) {
    return system_failure("cannot become the user " + user.name, errno, "start wring as root");
  }
  return {};
}

}  // namespace

Result<Account> find_account(const std::string& name) {
  errno = 0;
  const passwd* entry = getpwnam(name.c_str());
  if (entry != nullptr) return Account{name, entry->pw_uid, entry->pw_gid};
  return failure("there is no user " + name + "; make one with `useradd --system " + name + "`");
}

Result<void> drop_privileges(const Privileges& privileges) {
  // Reads the time zone's file now. The log needs it, and later no file can be opened.
  tzset();
  empty_bounding_set();
  if (privileges.user) {
    if (auto done = become(*privileges.user); !done) return done;
  }
  const std::span<const cap_value_t> live(kLiveChanges);
  if (auto done = keep_capabilities(privileges.drop_all ? live.first(0) : live); !done) return done;
  // A change of user makes the process dumpable again.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return system_failure("cannot give up privileges", errno);
  }
  return {};
}

Result<void> drop_all_but_binding() {
  return keep_capabilities(std::array{CAP_NET_RAW, CAP_NET_BIND_SERVICE});
}

Result<void> drop_all_capabilities() {
  return keep_capabilities({});
}

}  // namespace wring
