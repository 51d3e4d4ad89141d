// How names are looked up inside: files of our own in place of the host's, and nothing in place of
// the sockets by which a service outside would do it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "run/plan.h"

namespace wring::exec {

// What /etc/resolv.conf says inside. Pure.
[[nodiscard]] std::string resolv_conf(const run::SetDns& dns);
// The text of /etc/nsswitch.conf with hosts looked up in /etc/hosts and then by DNS, and in no
// other way. The other lines stay. Pure.
[[nodiscard]] std::string nsswitch_conf(const std::string& present);

// Sockets of services that look names up, or would do anything else outside for who asks: nscd,
// systemd-resolved, avahi, and the buses of D-Bus.
struct SocketPaths {
  std::vector<std::string> folders;
  std::vector<std::string> files;
};
// Where they are, with the variables of the environment that say so; nullptr: not set. Pure.
// The user's buses are looked for where systemd has them, too.
[[nodiscard]] SocketPaths socket_paths(uid_t user, const char* runtime_folder,
                                       const char* session_bus, const char* system_bus);

// Covers in the mount namespace of the calling thread what there is of those, and puts files of our
// own in place of /etc/resolv.conf and /etc/nsswitch.conf. Returns the former, to be written to;
// nothing if there is none on the host: then nothing can be put in its place.
[[nodiscard]] Result<UniqueFd> cover(const SocketPaths& paths);

}  // namespace wring::exec
