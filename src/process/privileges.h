// What the process gives up when interface, sockets and rings are open.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace wring {

struct Account {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Privileges {
  // Keeps no capability at all. Without it, the process keeps the two that changes of a running
  // interface need, if it has them: CAP_NET_ADMIN (fwmark, receive buffers, following the interface
  // into another namespace) and CAP_NET_BIND_SERVICE (a listen port below 1024).
  bool drop_all = false;
  std::optional<Account> user;  // the process goes on as this user, without its present groups
  bool filter_system_calls = true;
};

// The account of that name. The error, if there is none, says how to make it.
Result<Account> find_account(const std::string& name);

// Gives up everything else for good: user and groups, capabilities (also of the bounding set), and
// the way back through set-user-id programs. It acts on the calling thread and on threads that it
// starts later, so call it while there is no other.
Result<void> drop_privileges(const Privileges& privileges);

// Takes every capability from the calling thread. A worker needs none, because its descriptors are
// open.
Result<void> drop_all_capabilities();
// The same, but CAP_NET_RAW and CAP_NET_BIND_SERVICE stay if it has them: for sockets that have
// addresses of others, and ports below 1024.
Result<void> drop_all_but_binding();

}  // namespace wring
