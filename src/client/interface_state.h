// What an engine says about its interface.
#pragma once

#include <string>
#include <vector>

#include "device/configurable.h"

namespace wring::client {

struct InterfaceState {
  std::string name;
  DeviceDescription device;
  std::vector<PeerDescription> peers;  // in the order of the reply
};

// Those of the peers that have one.
[[nodiscard]] inline std::vector<Endpoint> known_endpoints(const InterfaceState& state) {
  std::vector<Endpoint> endpoints;
  for (const PeerDescription& peer : state.peers) {
    if (peer.endpoint.is_set()) endpoints.push_back(peer.endpoint);
  }
  return endpoints;
}

}  // namespace wring::client
