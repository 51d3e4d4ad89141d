// Which of the sockets on one port a datagram goes to.
#pragma once

#include "base/result.h"

namespace wring {

// Has the kernel choose the socket by the 32-bit word at offset 4 of the datagram, modulo
// `workers`: the receiver's index in data messages, so a session stays on its worker whatever the
// sender's address does, and its packets stay in order. Handshake messages have the sender's index
// there: any worker will do for them. `fd` is any socket of the SO_REUSEPORT group, of which the
// first `workers` are ours.
Result<void> steer_by_session_index(int fd, unsigned workers);

}  // namespace wring
