// Namespaces of the calling process's own.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::exec {

// Descriptors by which others can enter.
struct Namespaces {
  UniqueFd user;
  UniqueFd mount;
  UniqueFd network;
};

// Puts the calling process into a new user, mount and network namespace, where it has all
// capabilities. It stays the same user and group, and no other one exists there. Mounts of the
// host still appear, ours do not appear on the host. The process has one thread. The Error says
// what refused which namespace, and what to do.
[[nodiscard]] Result<void> make_namespaces();

// The user namespace of that alone. A thread of the process may then unshare() its network.
[[nodiscard]] Result<void> make_user_namespace();

// Puts the calling thread alone into a new network namespace. It has CAP_SYS_ADMIN.
[[nodiscard]] Result<void> make_network_namespace();

// So that a process in this network namespace needs no capability for ping. Where it is refused,
// ping fails and nothing else.
void let_ping_open_sockets();

// So that ports below 1024 need no capability in this network namespace. Where it is refused, they
// do.
void let_all_ports_be_bound();

// So that a connection may have the local port of one that ended a second ago, where time stamps of
// TCP tell their segments apart. Else a target could be connected to 28,000 times in a minute.
// Where it is refused, that is so.
void let_ports_be_used_again();

// Those of the calling process.
[[nodiscard]] Result<Namespaces> own_namespaces();

}  // namespace wring::exec
