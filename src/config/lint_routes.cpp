// Finds prefixes that two peers have, and endpoints that are routed into the tunnel.
#include <algorithm>
#include <set>
#include <vector>

#include "config/lint.h"

namespace wring::config {
namespace {

struct Owned {
  IpPrefix prefix;
  const Peer* peer;
  Position at;
};

// Where AllowedIPs overlap. Those of a longer prefix win; of the same prefix the last peer wins.
class Overlaps {
 public:
  Overlaps(const TunnelConfig& config, Diagnostics& diagnostics) : diagnostics_(diagnostics) {
    for (const Peer& peer : config.peers) {
      for (const AllowedIp& allowed : peer.allowed_ips) {
        if (allowed.sign == AllowedIp::Sign::kMinus) continue;
        all_.push_back({allowed.prefix, &peer, allowed.at});
      }
    }
    // A prefix comes right before those that are inside it.
    std::sort(all_.begin(), all_.end(), [](const Owned& a, const Owned& b) {
      if (a.prefix.address != b.prefix.address) return a.prefix.address < b.prefix.address;
      if (a.prefix.length != b.prefix.length) return a.prefix.length < b.prefix.length;
      return a.at < b.at;
    });
  }

  void report() {
    std::vector<const Owned*> around;  // the prefixes that the next one may be inside of
    for (const Owned& one : all_) {
      while (!around.empty() && !around.back()->prefix.contains(one.prefix.address)) {
        around.pop_back();
      }
      if (!around.empty()) compare(*around.back(), one);
      around.push_back(&one);
    }
  }

 private:
  void compare(const Owned& outer, const Owned& inner) {
    const std::string text = to_string(inner.prefix);
    const std::string line = "line " + std::to_string(outer.at.line);
    if (outer.prefix == inner.prefix && outer.peer == inner.peer) {
      diagnostics_.add(Severity::kNote, inner.at, text.size(),
                       {"prefix-twice", text + " is in " + line + ", too", "remove one of them"});
    } else if (outer.prefix == inner.prefix) {
      diagnostics_.add(Severity::kWarning, inner.at, text.size(),
                       {"allowed-ips-overlap",
                        "the peer of " + line + " has " + text + ", too, and loses it to this one",
                        "give each peer prefixes of its own"});
    } else if (outer.peer != inner.peer && outer.prefix.length != 0) {
      diagnostics_.add(Severity::kNote, inner.at, text.size(),
                       {"allowed-ips-overlap",
                        text + " is inside " + to_string(outer.prefix) + " of " + line +
                            ", and goes to this peer instead",
                        "give each peer prefixes of its own if that is not meant"});
    }
  }

  Diagnostics& diagnostics_;
  std::vector<Owned> all_;
};

// All prefixes of all peers, and whether one of them leads an address into the tunnel.
class Routed {
 public:
  explicit Routed(const TunnelConfig& config) {
    for (const Peer& peer : config.peers) {
      for (const AllowedIp& allowed : peer.allowed_ips) {
        if (allowed.sign != AllowedIp::Sign::kMinus) prefixes_.insert(allowed.prefix);
      }
    }
    for (const IpPrefix& prefix : prefixes_) {
      lengths_.insert(prefix.length);
    }
  }

  [[nodiscard]] bool has(const IpPrefix& prefix) const { return prefixes_.contains(prefix); }
  // The longest that the address is in.
  [[nodiscard]] std::optional<IpPrefix> around(const IpAddress& address) const {
    for (auto length = lengths_.rbegin(); length != lengths_.rend(); ++length) {
      if (*length > address.full_length()) continue;
      const IpPrefix prefix(address, *length);
      if (has(prefix)) return prefix;
    }
    return std::nullopt;
  }

 private:
  std::set<IpPrefix> prefixes_;
  std::set<std::uint8_t> lengths_;
};

// wg-quick lets what has the mark pass by a default route. Longer prefixes are in the main table,
// where nothing lets it pass.
void lint_endpoint(const Interface& interface, const Peer& peer, const Routed& routed,
                   Diagnostics& diagnostics) {
  using Kind = RoutingTable::Kind;
  if (!peer.endpoint) return;
  const std::string& host = peer.endpoint->value.host;
  const auto address = IpAddress::parse(host);
  const auto prefix = address ? routed.around(*address) : std::nullopt;
  if (!prefix) return;
  const Kind table = interface.table ? interface.table->value.kind : Kind::kAuto;
  const std::string what = "the endpoint is inside " + to_string(*prefix) + " of AllowedIPs";
  if (table == Kind::kAuto) {
    if (prefix->length == 0) return;
    const std::string whole = address->is_v4() ? "0.0.0.0/0" : "::/0";
    diagnostics.add(
        Severity::kWarning, peer.endpoint->at, host.size(),
        {"endpoint-inside", what + ", so the tunnel's own packets would go into the tunnel",
         "leave the endpoint out of AllowedIPs, or write " + whole +
             " alone, which wg-quick and `wring run` lead around the tunnel"});
  } else if (!interface.fwmark && interface.hooks.empty()) {
    diagnostics.add(Severity::kNote, peer.endpoint->at, host.size(),
                    {"endpoint-inside",
                     what + ", and with this Table nothing leads around the "
                            "tunnel",
                     "write FwMark and rules of your own, or Table = auto"});
  }
}

bool is_own_address(const Interface& interface, const AllowedIp& allowed) {
  return allowed.prefix.length == allowed.prefix.address.full_length() &&
         std::any_of(interface.addresses.begin(), interface.addresses.end(),
                     [&](const auto& own) { return own.value.address == allowed.prefix.address; });
}

void lint_peer(const TunnelConfig& config, const Peer& peer, bool unresolved,
               Diagnostics& diagnostics) {
  if (peer.allowed_ips.empty() && !unresolved) {
    diagnostics.add(
        Severity::kWarning, peer.at, std::string_view("[Peer]").size(),
        {"no-allowed-ips", "this peer has no AllowedIPs: no packet goes to it or comes from it",
         "write AllowedIPs = and the addresses behind the peer"});
  }
  for (const AllowedIp& allowed : peer.allowed_ips) {
    if (!is_own_address(config.interface, allowed)) continue;
    diagnostics.add(Severity::kWarning, allowed.at, to_string(allowed.prefix).size(),
                    {"own-address", "this is our own Address, and the peer would have it",
                     "write the address of the peer"});
  }
}

// A default route of IPv4 alone leaves IPv6 outside.
void lint_families(const TunnelConfig& config, const Routed& routed, Diagnostics& diagnostics) {
  const auto& table = config.interface.table;
  if (table && table->value.kind != RoutingTable::Kind::kAuto) return;
  const IpPrefix v4(IpAddress{}, 0);
  const IpPrefix v6(IpAddress::v6({}), 0);
  if (!routed.has(v4) || routed.has(v6)) return;
  for (const Peer& peer : config.peers) {
    for (const AllowedIp& allowed : peer.allowed_ips) {
      if (allowed.prefix != v4) continue;
      diagnostics.add(Severity::kNote, allowed.at, std::string_view("0.0.0.0/0").size(),
                      {"ipv6-outside", "all of IPv4 goes into the tunnel, IPv6 goes around it",
                       "add ::/0 if IPv6 should go in, too"});
      return;
    }
  }
}

}  // namespace

void lint_routes(const TunnelConfig& config, Diagnostics& diagnostics) {
  Overlaps(config, diagnostics).report();
  const Routed routed(config);
  const bool unresolved =
      std::any_of(config.unresolved.begin(), config.unresolved.end(),
                  [](const Unresolved& value) { return value.key == "AllowedIPs"; });
  for (const Peer& peer : config.peers) {
    lint_endpoint(config.interface, peer, routed, diagnostics);
    lint_peer(config, peer, unresolved, diagnostics);
  }
  lint_families(config, routed, diagnostics);
}

}  // namespace wring::config
