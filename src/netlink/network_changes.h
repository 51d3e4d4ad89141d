// What `ip address`, `ip link`, `ip route` and `ip rule` change, for an interface of ours.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "ip/ip_address.h"
#include "netlink/rtnetlink.h"

namespace wring {

// The number of the table that most routes are in.
inline constexpr std::uint32_t kMainTable = 254;

// One of the two rules that send all but the tunnel's own datagrams into a default route.
struct RoutingRule {
  enum class Kind : std::uint8_t {
    kUnmarked,      // what does not have the mark `table` looks into the table `table`
    kMainNoDefault  // all look into the main table, where a default route does not count
  };

  IpVersion version = IpVersion::kV4;
  Kind kind = Kind::kUnmarked;
  std::uint32_t table = kMainTable;

  friend bool operator==(const RoutingRule&, const RoutingRule&) = default;
};

// Each returns the kernel's errno in the error, whose message says what could not be done. They
// need CAP_NET_ADMIN. `interface` is the interface's number.
[[nodiscard]] Result<void> add_address(RtSocket& socket, unsigned interface,
                                       const IpAddress& address, std::uint8_t length);
// EADDRNOTAVAIL: there is none. Without promote_secondaries the kernel deletes with an IPv4 address
// all that came after it in the same network; with the last one go all IPv4 routes.
[[nodiscard]] Result<void> delete_address(RtSocket& socket, unsigned interface,
                                          const IpAddress& address, std::uint8_t length);
// Sets the interface up, with an MTU of so many bytes.
[[nodiscard]] Result<void> set_up(RtSocket& socket, unsigned interface, unsigned mtu);
// `lo`, in a network namespace that is new.
[[nodiscard]] Result<void> set_up_loopback(RtSocket& socket);
[[nodiscard]] Result<void> add_route(RtSocket& socket, unsigned interface, const IpPrefix& to,
                                     std::uint32_t table);
// ESRCH: there is none.
[[nodiscard]] Result<void> delete_route(RtSocket& socket, unsigned interface, const IpPrefix& to,
                                        std::uint32_t table);
// Has this host take all that comes in by that interface for its own, whatever it is addressed to.
// `table` is a routing table without routes.
[[nodiscard]] Result<void> deliver_all_here(RtSocket& socket, IpVersion version,
                                            const std::string& interface, std::uint32_t table);
[[nodiscard]] Result<void> add_rule(RtSocket& socket, const RoutingRule& rule);
// ENOENT: there is none.
[[nodiscard]] Result<void> delete_rule(RtSocket& socket, const RoutingRule& rule);

// "rule not fwmark 51820 table 51820" or "rule table main suppress_prefixlength 0", as `ip` has it.
[[nodiscard]] std::string to_string(const RoutingRule& rule);

}  // namespace wring
