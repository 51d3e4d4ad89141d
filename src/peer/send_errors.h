// What the errno of a failed send may mean.
#pragma once

#include <cerrno>

#include "ip/endpoint.h"

namespace wring {

// True if the source address may be at fault: it is none of this host's any more, or not on the
// interface that the route takes now. Then the datagram is sent once more without it (P29).
inline bool blames_source(int error, const Endpoint& to) {
  return to.pins_source() && (error == EINVAL || error == ENETUNREACH || error == EHOSTUNREACH ||
                              error == EADDRNOTAVAIL || error == ENODEV);
}

// True if UDP_SEGMENT may be at fault: the device makes no checksums (EIO), or a datagram does not
// fit into the path's MTU (EMSGSIZE; before Linux 6.14 EINVAL, udp_send_skb()).
constexpr bool is_joining_error(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE;
}

}  // namespace wring
