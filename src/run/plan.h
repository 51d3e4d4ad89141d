// What one configuration asks of the network, step by step. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/tunnel_config.h"
#include "ip/ip_address.h"
#include "netlink/network_changes.h"

namespace wring::run {

struct AddAddress {
  config::InterfaceAddress address;
};
// Sets the interface up.
struct SetUp {
  std::optional<std::uint32_t> mtu;  // bytes; none: from the ways to the endpoints
};
struct AddRoute {
  IpPrefix to;
  std::uint32_t table = kMainTable;
  // Not if a route of the interface in the main table covers it, that of an address for example.
  bool unless_covered = false;

  friend bool operator==(const AddRoute&, const AddRoute&) = default;
};
struct AddRule {
  RoutingRule rule;
};
// Drops packets to the interface's addresses that come in by another interface, and gives answers
// to the tunnel's own datagrams their mark.
struct ProtectAddresses {
  IpVersion version = IpVersion::kV4;
  std::uint32_t mark = 0;

  friend bool operator==(const ProtectAddresses&, const ProtectAddresses&) = default;
};
struct SetDns {
  std::vector<IpAddress> servers;
  std::vector<std::string> search;

  friend bool operator==(const SetDns&, const SetDns&) = default;
};
using Step = std::variant<AddAddress, SetUp, AddRoute, AddRule, ProtectAddresses, SetDns>;

// For tests and messages: "route 10.0.0.0/8 in table 254 unless covered".
[[nodiscard]] std::string to_string(const Step& step);

struct Plan {
  std::vector<Step> steps;     // all but those of a default route, and DNS
  std::vector<Step> defaults;  // those of a default route: rules, route, protection
  std::vector<Step> dns;       // one step or none
  // The mark of the tunnel's own datagrams, if that of the file is not to be used: 0 means that
  // there is none.
  std::uint32_t fwmark = 0;
};

// Whether a default route is handled by rules and a table of its own.
[[nodiscard]] bool has_default_route(const config::TunnelConfig& config);

// As wg-quick does it. `free_table` is a routing table without routes: it is used, and is the mark,
// where a default route is handled and the file has no FwMark. `named_table` is the number of the
// table where the file has a name for it.
[[nodiscard]] Plan make_plan(const config::TunnelConfig& config, std::uint32_t free_table,
                             std::uint32_t named_table);

// What it asks of a namespace in which there is no other way out: addresses and routes, all in the
// main table, and DNS. There is nothing to protect and no mark, and Table says nothing.
[[nodiscard]] Plan make_plan_inside(const config::TunnelConfig& config);

// The least MTU of the ways to the endpoints, or without one that of the default route, less what
// the tunnel adds. Zeros are left out. As wg-quick.
[[nodiscard]] std::uint32_t choose_mtu(const std::vector<std::uint32_t>& ways,
                                       std::uint32_t default_way);

}  // namespace wring::run
