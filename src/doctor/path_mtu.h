// The largest datagram that a path carries whole.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/aead.h"
#include "doctor/finding.h"
#include "doctor/inner_echo.h"
#include "doctor/probe_socket.h"
#include "noise/handshake.h"
#include "noise/messages.h"

namespace wring::doctor {

// Sizes are those of IP packets outside of the tunnel, in bytes.
struct PathMtu {
  std::uint32_t carried = 0;       // 0: nothing behind the peer answers an echo
  std::uint32_t link = 0;          // what the interface takes by which they leave
  std::optional<IcmpReport> told;  // a router that says what it takes
};

// Sends sealed echo requests that are filled up with zeros to a size, and may not be divided on
// their way. The peer takes the filling off. So an answer proves that the size gets there, and says
// nothing about the way back. The socket is that of the handshake, and was opened with `whole`.
[[nodiscard]] PathMtu measure_path(const ProbeSocket& socket, const TransportKeys& keys,
                                   const std::vector<EchoTarget>& targets, std::uint32_t link,
                                   std::uint32_t outer_headers);

// What a message has around a packet, in bytes.
inline constexpr std::uint32_t kMessageOverhead = sizeof(DataHeader) + kTagSize;

// UDP's and IP's headers.
[[nodiscard]] constexpr std::uint32_t outer_headers(bool v4) {
  return v4 ? 20 + 8 : 40 + 8;
}

// Whether packets of the tunnel's MTU fit. Pure.
[[nodiscard]] Finding judge_path(const PathMtu& path, bool v4, std::uint32_t mtu);

}  // namespace wring::doctor
