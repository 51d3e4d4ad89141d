// The network namespace of an interface. It can change while the TUN is open.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// The network namespace of the interface of `tun_fd`. Empty if `socket` is in the same one, or if
// we may not ask: that takes CAP_NET_ADMIN there, and Linux 5.12. EBADFD: the interface was
// deleted. Any thread.
Result<UniqueFd> other_namespace_of_tun(int tun_fd, int socket);

}  // namespace wring
