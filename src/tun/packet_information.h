// Whether a TUN descriptor that was handed in passes bare packets.
#pragma once

#include <string>

#include "base/result.h"

namespace wring {

// True if the interface `name` of `tun_fd` puts the 4 bytes of `struct tun_pi` in front of each
// packet, because it was made without IFF_NO_PI. This asks netlink. TUNGETIFF does not know: in its
// answer the same bit, 0x1000, means IFF_NOFILTER. `netlink` is a socket of NETLINK_ROUTE in the
// interface's namespace; -1: one is opened there. Not for a confined thread.
Result<bool> passes_packet_information(int tun_fd, const std::string& name, int netlink = -1);

}  // namespace wring
