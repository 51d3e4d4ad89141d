// The interface inside, made in the network namespace of the calling thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::exec {

// What an engine outside needs of it. The interface goes when `packets` is closed everywhere.
struct InnerInterface {
  // kStack: there is no interface, but a TCP/IP stack in another process.
  enum class Kind { kTun, kPacketSocket, kStack };

  Kind kind = Kind::kTun;
  UniqueFd packets;
  UniqueFd netlink;  // for WG_NETLINK_FD: unbound. None: kStack
  unsigned mtu = 0;  // bytes; of kStack alone
};

// The variable by which an engine is told of `packets`.
[[nodiscard]] const char* variable_of(InnerInterface::Kind kind);

// A TUN, or where that cannot be had, one end of a veth pair with a packet socket at its other end,
// which is in a namespace of its own. Needs CAP_NET_ADMIN, and for the pair CAP_SYS_ADMIN as well.
// The interface is down.
[[nodiscard]] Result<InnerInterface> make_inner_interface(const std::string& name);

}  // namespace wring::exec
