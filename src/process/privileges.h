// What the process gives up once interface, sockets and rings stand.
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
  // Keeps no capability at all. Without it those stay that changes of a running interface need:
  // CAP_NET_ADMIN (fwmark, receive buffers, following the interface into another namespace) and
  // CAP_NET_BIND_SERVICE (a listen port below 1024), as far as the process has them.
  bool drop_all = false;
  std::optional<Account> user;  // goes on as this one, with none of the groups it had
  bool filter_system_calls = true;
};

// The account of that name. Fails if there is none, with a line for the user.
Result<Account> find_account(const std::string& name);

// Gives up the rest for good: user and groups, capabilities (the bounding set too), and the way
// back by programs that are set-user-id. Concerns the calling thread and those that it starts from
// then on: call it while there is no other.
Result<void> drop_privileges(const Privileges& privileges);

// What is left for a worker, which has all its descriptors: nothing. Its own thread.
Result<void> drop_all_capabilities();

}  // namespace wring
