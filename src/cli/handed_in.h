// The descriptors that the environment names.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"

namespace wring {

// Numbers of open descriptors, all of them different.
struct HandedInNumbers {
  std::optional<int> tun;      // WG_TUN_FD
  std::optional<int> uapi;     // WG_UAPI_FD
  std::optional<int> netlink;  // WG_NETLINK_FD
  std::vector<int> packets;    // WG_PACKET_FD
  std::optional<int> stack;    // WG_STACK_FD
  unsigned stack_mtu = 0;      // WG_STACK_MTU, bytes
};

// Reads the environment. The error names the variable and says what to do. Whether the descriptors
// are open is not asked.
[[nodiscard]] Result<HandedInNumbers> handed_in_by_environment();

}  // namespace wring
