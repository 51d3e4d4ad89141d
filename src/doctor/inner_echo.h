// Echo requests for inside a tunnel, and where one may be answered. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "config/tunnel_config.h"
#include "ip/ip_address.h"

namespace wring::doctor {

// An address behind the peer. With a hop limit of 1 the peer itself answers that it forwards no
// further, if it forwards at all.
struct EchoTarget {
  IpAddress from;
  IpAddress to;
  std::uint8_t hop_limit = 64;

  friend bool operator==(const EchoTarget&, const EchoTarget&) = default;
};

// The likeliest first: single addresses of the peer, the first address of our own networks, name
// servers, the first address of the peer's networks, and any address with a hop limit of 1. Each is
// in the AllowedIPs of the peer, and has one of our addresses of its version as its source.
[[nodiscard]] std::vector<EchoTarget> echo_targets(const config::Interface& interface,
                                                   const config::Peer& peer);

// Names an echo request in its answer.
struct EchoName {
  Be<std::uint16_t> id;
  Be<std::uint16_t> sequence;
};

[[nodiscard]] std::vector<std::uint8_t> echo_request(const EchoTarget& target,
                                                     const EchoName& name);
// True for the answer to that echo, and for an ICMP error about it.
[[nodiscard]] bool answers(ByteSpan packet, const EchoName& name);

}  // namespace wring::doctor
