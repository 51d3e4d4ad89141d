// Tells the usual causes apart: a limit, a switch, AppArmor, a filter of system calls.
#include "exec/refusals.h"

#include <cerrno>
#include <fstream>

namespace wring::exec {
namespace {

std::optional<long> number_in(const char* path) {
  std::ifstream file(path);
  long number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

bool has_filter() {
  std::ifstream status("/proc/thread-self/status");
  for (std::string word; status >> word;) {
    int mode = 0;
    if (word == "Seccomp:" && status >> mode) return mode != 0;
  }
  return false;
}

// "user", as in user.max_user_namespaces.
const char* name_of_limit(Step step) {
  if (step == Step::kMount) return "mnt";
  return step == Step::kNetwork ? "net" : "user";
}

std::optional<long> limit_of(Step step, const Surroundings& around) {
  if (step == Step::kMount) return around.max_mount;
  return step == Step::kNetwork ? around.max_network : around.max_user;
}

const char* what_of(Step step) {
  switch (step) {
    case Step::kUser:
      return "cannot make a user namespace";
    case Step::kUserMap:
      return "cannot map this user into the new user namespace";
    case Step::kMount:
      return "cannot make a mount namespace";
    case Step::kNetwork:
      return "cannot make a network namespace";
    case Step::kMountChange:
      return "cannot mount in the new mount namespace";
  }
  return "";
}

std::string advice_on_limit(Step step, const Surroundings& around) {
  const std::string key = std::string("user.max_") + name_of_limit(step) + "_namespaces";
  const auto limit = limit_of(step, around);
  const std::string cause = limit == 0 ? "this system forbids them, because " + key + " is 0"
                                       : "the limit " + key + " is reached";
  return cause + "; on the host, run `sysctl -w " + key + "=10000`";
}

std::string advice_on_refusal(Step step, const Surroundings& around) {
  if (step == Step::kUser && around.users_switched_off) {
    return "this system forbids them to ordinary users; on the host, run `sysctl -w "
           "kernel.unprivileged_userns_clone=1`";
  }
  if (step != Step::kUser && around.apparmor_restricts) {
    return "AppArmor forbids it to programs without a profile that has `userns,`; load that in "
           "packaging/apparmor of wring's sources, or on the host run `sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0`";
  }
  if (around.filters_calls) {
    return "a filter of system calls forbids it, as Docker's default one does; start the container "
           "by podman, or with --security-opt seccomp=FILE and a FILE that allows unshare and "
           "mount";
  }
  return "a security module forbids it, or this process is in a chroot";
}

}  // namespace

Surroundings look_around() {
  Surroundings found;
  found.filters_calls = has_filter();
  found.users_switched_off = number_in("/proc/sys/kernel/unprivileged_userns_clone") == 0;
  found.apparmor_restricts =
      number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1;
  found.max_user = number_in("/proc/sys/user/max_user_namespaces");
  found.max_mount = number_in("/proc/sys/user/max_mnt_namespaces");
  found.max_network = number_in("/proc/sys/user/max_net_namespaces");
  return found;
}

Error explain(Step step, int error, const Surroundings& surroundings) {
  std::string advice;
  if (error == ENOSPC || error == EUSERS) {
    advice = advice_on_limit(step, surroundings);
  } else if (error == EPERM || error == EACCES) {
    advice = advice_on_refusal(step, surroundings);
  } else if (error == EINVAL || error == ENOSYS) {
    advice = "this kernel was built without it";
  }
  return system_failure(what_of(step), error, advice).value();
}

}  // namespace wring::exec
