// Why a namespace was refused, and what to do about it. Pure, except for what looks around.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace wring::exec {

// A step on the way into namespaces of our own.
enum class Step : std::uint8_t { kUser, kUserMap, kMount, kNetwork, kMountChange };

// What of this system can refuse one.
struct Surroundings {
  bool filters_calls = false;       // a filter of system calls is upon this process
  bool users_switched_off = false;  // kernel.unprivileged_userns_clone is 0 (Debian before 11)
  bool apparmor_restricts = false;  // kernel.apparmor_restrict_unprivileged_userns is 1
  // user.max_user_namespaces, max_mnt_namespaces and max_net_namespaces; none: not known.
  std::optional<long> max_user;
  std::optional<long> max_mount;
  std::optional<long> max_network;
};

// Reads /proc.
[[nodiscard]] Surroundings look_around();

// Which namespace was refused with this errno, what refused it, and what to do.
[[nodiscard]] Error explain(Step step, int error, const Surroundings& surroundings);

}  // namespace wring::exec
