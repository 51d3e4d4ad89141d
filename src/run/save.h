// SaveConfig: the file as the tunnel is at its end.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/interface_state.h"
#include "config/tunnel_config.h"
#include "netlink/network_facts.h"

namespace wring::run {

// What the kernel says about the interface.
struct LinkState {
  std::vector<OwnAddress> addresses;
  std::uint32_t mtu = 0;
};

// Puts the keys, port, mark, addresses and peers that there are into a configuration, and the MTU
// if it had one. All else stays, and so do names: those of peers, and those in endpoints. A
// link-local address that the kernel made is left out. Pure.
void take_state(config::TunnelConfig& config, client::InterfaceState&& state,
                const LinkState& link);

// Replaces the file in one step, or the one that a symbolic link leads to. Only its owner may read
// it then. If that fails, the file is what it was.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace wring::run
