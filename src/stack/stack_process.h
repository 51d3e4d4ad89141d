// The process in which lwIP runs: between the engine's packets and the relay's sockets.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/ip_address.h"

namespace wring::stack {

// Whether lwIP's source was there when this program was built.
[[nodiscard]] bool is_built_in();

struct StackTask {
  std::vector<IpAddress> addresses;  // of the interface
  unsigned mtu = 0;                  // bytes
  UniqueFd packets;                  // see PacketPort
  UniqueFd requests;                 // from the relay, see Request; SOCK_SEQPACKET
  std::function<void()> on_ready;    // called when it serves
};

// In a process that was forked for it, with one thread. Confines itself. Returns when the relay or
// the engine is gone. The Error says why it cannot start.
[[nodiscard]] Result<void> run_stack(StackTask task);

}  // namespace wring::stack
