// The number of another network namespace in ours.
#pragma once

#include "base/result.h"

namespace wring {

inline constexpr int kOwnNamespace = -1;

// The number that our namespace has for the namespace of the interface of `tun_fd`. kOwnNamespace
// if the interface is in ours, or if we may not ask. If there is no number yet, the kernel assigns
// one, which takes CAP_NET_ADMIN. EBADFD: the interface was deleted. Control thread.
Result<int> namespace_id_of_tun(int tun_fd);

}  // namespace wring
