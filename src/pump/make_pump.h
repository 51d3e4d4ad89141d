// Chooses between the two pumps.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "io/tun_queue.h"
#include "pump/packet_pump.h"

namespace wring {

enum class PumpKind {
  kAuto,   // io_uring where the system lets us, else epoll
  kUring,  // Linux 6.1
  kEpoll,
};

struct MadePump {
  std::unique_ptr<PacketPump> pump;
  // Why it is not on io_uring, if kAuto tried; the message is one line for the log.
  std::optional<Error> uring_refused;
};

// Makes the pump of worker `worker_index`, which uses that worker's sockets of UdpSockets. Without
// a `tun` it has an outer side only, and write_packet() fails (EBADF). The pump is used and
// destroyed by one thread, which need not be this one. `errors` outlives it.
Result<MadePump> make_pump(PumpKind kind, const std::optional<TunQueue>& tun, unsigned worker_index,
                           OutputErrors& errors);

}  // namespace wring
