// Pairs of virtual Ethernet interfaces.
#pragma once

#include <string>

#include "base/result.h"
#include "netlink/rtnetlink.h"

namespace wring {

struct VethEnd {
  std::string name;
  int network = -1;  // a descriptor of its network namespace; -1: that of the socket
};

// Both ends are down. `mtu` is that of `one`, in bytes. The Error has the kernel's errno. Needs
// CAP_NET_ADMIN in both namespaces.
[[nodiscard]] Result<void> add_veth(RtSocket& socket, const VethEnd& one, unsigned mtu,
                                    const VethEnd& other);
// Keeps the kernel from sending packets of its own over an interface: no address that nobody asked
// for, no questions for neighbours. Before it is set up. `interface` is its number.
[[nodiscard]] Result<void> keep_quiet(RtSocket& socket, unsigned interface);

}  // namespace wring
