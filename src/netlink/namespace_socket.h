// Sockets in the network namespace in which a TUN interface is now, which need not be the
// process's.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// As socket(domain, type, protocol), but in the namespace of the interface that `tun_fd` belongs
// to. The namespace of the calling thread stays as it is. EBADFD: the interface was deleted.
Result<UniqueFd> socket_beside_tun(int tun_fd, int domain, int type, int protocol);

}  // namespace wring
