// The number by which our network namespace knows another one.
#pragma once

#include "base/result.h"

namespace wring {

inline constexpr int kOwnNamespace = -1;

// The id of the namespace in which the interface of `tun_fd` is, as netlink counts them in ours;
// kOwnNamespace if it is ours, or if we may not ask. An id is assigned if there is none yet, which
// takes CAP_NET_ADMIN. EBADFD: the interface was deleted. Control thread.
Result<int> namespace_id_of_tun(int tun_fd);

}  // namespace wring
