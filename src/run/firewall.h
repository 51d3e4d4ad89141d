// The tables of nftables of a tunnel: one that protects its addresses, if it has a default route,
// and one of a gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "ip/ip_address.h"

namespace wring::run {

// For `nft -f`: the table wg-quick-INTERFACE of one version, as wg-quick has it. Packets to one of
// `addresses` that come in by another interface are dropped, unless they are from this host. Sent
// UDP datagrams with the mark give it to their connection, and received ones take it from there.
// Pure.
[[nodiscard]] std::string protection(const std::string& interface, IpVersion version,
                                     const std::vector<IpAddress>& addresses, std::uint32_t mark);
// Removes that table, where it is there or not. Pure.
[[nodiscard]] std::string no_protection(const std::string& interface, IpVersion version);

// What is done to the packets that others send through the tunnel.
struct Gateway {
  // Packets that come out of the tunnel and leave by this interface get its address. Empty: none.
  std::string masquerade;
  // TCP's segments are made to fit the way, in both directions.
  bool clamp_mss = false;

  [[nodiscard]] bool is_empty() const { return masquerade.empty() && !clamp_mss; }
};
// For `nft -f`: the table of the family inet. Pure.
[[nodiscard]] std::string gateway_rules(const std::string& interface, const Gateway& gateway);
// Removes it, where it is there or not. Pure.
[[nodiscard]] std::string no_gateway(const std::string& interface);

// Has the kernel carry the commands out, all or none.
[[nodiscard]] Result<void> run_nft(const std::string& commands);

}  // namespace wring::run
