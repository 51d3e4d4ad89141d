// How `wg` writes what is not text.
#pragma once

#include <cstdint>
#include <string>

#include "device/configurable.h"

namespace wring::command {

// "192.0.2.1:51820" or "[fe80::1%eth0]:51820". A zone has its name, where it has one here. The
// endpoint is set.
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);
// "0x1234", or "off" for 0.
[[nodiscard]] std::string fwmark_text(std::uint32_t fwmark);
// The second in which a peer's last handshake was; 0 if there was none.
[[nodiscard]] std::int64_t handshake_second(const PeerDescription& peer);
// Of a private key that is there. `wg` derives it, too, because no engine says it.
[[nodiscard]] PublicKey public_key_of(const DeviceDescription& device);

}  // namespace wring::command
