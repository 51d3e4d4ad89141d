// Puts the parts of a thread's confinement together, in the order in which they can be taken.
#include "process/confinement.h"

#include <sys/prctl.h>

#include <cerrno>

#include "process/file_rules.h"
#include "process/privileges.h"

namespace wring {

// The filter comes last, because it forbids what the other steps call. A kernel without Landlock
// leaves more to a thread that was taken over (SECURITY.md), so restrict_files() may fail.

Result<void> confine_worker(ThreadRole role, bool filter_system_calls) {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  if (!filter_system_calls) return {};
  restrict_files({});
  return wring::filter_system_calls(role);
}

namespace {

Result<void> confine_further(const std::vector<std::string>& readable) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return system_failure("cannot give up privileges", errno);
  }
  restrict_files({{}, readable, true});
  return filter_system_calls(ThreadRole::kRelay);
}

}  // namespace

Result<void> confine_relay(const std::vector<std::string>& readable) {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  return confine_further(readable);
}

Result<void> confine_gateway(const std::vector<std::string>& readable) {
  if (auto dropped = drop_all_but_binding(); !dropped) return dropped;
  return confine_further(readable);
}

Result<void> confine_stack() {
  if (auto dropped = drop_all_capabilities(); !dropped) return dropped;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return system_failure("cannot give up privileges", errno);
  }
  restrict_files({});
  return filter_system_calls(ThreadRole::kStack);
}

Result<void> confine_control(const std::string& socket_folder) {
  restrict_files({socket_folder, {}, false});
  return filter_system_calls(ThreadRole::kControl);
}

}  // namespace wring
