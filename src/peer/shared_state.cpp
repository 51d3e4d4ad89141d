// What the workers and the control thread ask of the state that they share.
#include "peer/shared_state.h"

#include "peer/nested_message.h"
#include "peer/peer.h"

namespace wring {

bool SharedState::comes_from_inside(const Endpoint& from, const Peer& peer) const {
  const std::uint32_t tun = tun_ifindex.load(std::memory_order_relaxed);
  if (tun == 0 || from.source_ifindex != tun) return false;
  return !same_remote(from, peer.endpoint.load());
}

}  // namespace wring
