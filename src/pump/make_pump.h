// Which of the two pumps it is to be.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
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

// Makes the pump of worker `worker_index` (its sockets of UdpSockets) for the TUN queue `tun_fd`,
// which is non-blocking, stays the caller's and outlives the pump. `vnet_header`: the TUN passes a
// VnetHeader in front of each packet. The pump is used and destroyed by one thread, which need not
// be this one.
Result<MadePump> make_pump(PumpKind kind, int tun_fd, unsigned worker_index, OutputErrors& errors,
                           bool vnet_header);

}  // namespace wring
