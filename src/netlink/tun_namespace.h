// Where an interface is: it may be moved to another network namespace while its TUN is open.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// The network namespace that the interface of `tun_fd` is in; none if it is that of `socket`, or if
// we may not ask (without CAP_NET_ADMIN there, or before Linux 5.12). EBADFD: the interface was
// deleted. Any thread.
Result<UniqueFd> other_namespace_of_tun(int tun_fd, int socket);

}  // namespace wring
