// Sockets in the network namespace of a TUN interface. It can be another one than the process's.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// As socket(domain, type, protocol), in the present namespace of the interface of `tun_fd`. The
// calling thread stays in its namespace. EBADFD: the interface was deleted. EPERM: we may not enter
// the namespace. Control thread.
Result<UniqueFd> socket_beside_tun(int tun_fd, int domain, int type, int protocol);

}  // namespace wring
