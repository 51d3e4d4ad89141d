// The largest packet that gets through a tunnel that runs, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/interface_state.h"
#include "doctor/finding.h"
#include "doctor/inner_echo.h"
#include "doctor/probe_socket.h"

namespace wring::doctor {

struct InnerPath {
  std::uint32_t mtu = 0;           // the interface's, bytes
  std::uint32_t carried = 0;       // 0: nothing behind the peer answers an echo
  bool v4_outside = true;          // the version of the tunnel's own packets
  std::optional<IcmpReport> told;  // a router that does not take a full packet whole
};

// Pings through the interface, which is in this network namespace, with packets up to its MTU, and
// sends one datagram to the endpoint that is as large as a full message and may not be divided. It
// is no message, so the peer drops it. Nothing if raw or netlink sockets are refused. Any thread.
[[nodiscard]] std::optional<InnerPath> measure_inside(const client::InterfaceState& state,
                                                      const PeerDescription& peer);

// Pure.
[[nodiscard]] Finding judge_inside(const InnerPath& path, const std::string& interface);

}  // namespace wring::doctor
