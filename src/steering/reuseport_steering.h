// Which of the sockets on one port a datagram goes to: one half of steering.h.
#pragma once

#include "base/result.h"
#include "steering/steering.h"

namespace wring {

// Has the kernel choose the socket by the word of the datagram that `spread` names. A datagram that
// is too short for it goes to the first socket. Messages of a handshake have the sender's index in
// the place of the receiver's: any worker can take them. `fd` is any socket of the SO_REUSEPORT
// group, in which the workers' sockets come first.
Result<void> steer_by_word(int fd, const SocketSpread& spread);

}  // namespace wring
