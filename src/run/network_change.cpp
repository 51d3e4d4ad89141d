// Changes a network that is up: new parts first, then the old ones go.
#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <utility>

#include "netlink/network_changes.h"
#include "netlink/network_facts.h"
#include "run/dns.h"
#include "run/firewall.h"
#include "run/network.h"
#include "run/route_difference.h"

namespace wring::run {
namespace {

// Nothing is wrong if it was done already.
Result<void> unless(int code, Result<void> result) {
  if (!result && result.error().code == code) return {};
  return result;
}

}  // namespace

// The steps by kind.
struct Network::Wanted {
  explicit Wanted(const std::vector<Step>& steps) {
    for (const Step& step : steps)
      std::visit([this](const auto& one) { take(one); }, step);
  }

  void take(const AddAddress& step) { addresses.push_back(step.address); }
  void take(const SetUp& step) { up = step; }
  void take(const AddRoute& step) { routes.push_back(step); }
  void take(const AddRule& step) { rules.push_back(step.rule); }
  void take(const ProtectAddresses& step) { protections.push_back(step); }
  void take(const SetDns& step) { dns = step; }

  std::vector<config::InterfaceAddress> addresses;
  SetUp up;
  std::vector<AddRoute> routes;
  std::vector<RoutingRule> rules;
  std::vector<ProtectAddresses> protections;
  std::optional<SetDns> dns;
};

Result<std::vector<std::string>> Network::become(const std::vector<Step>& steps) {
  using Part = Result<bool> (Network::*)(const Wanted&);
  static constexpr std::pair<const char*, Part> kParts[] = {
      {"MTU", &Network::change_mtu},
      {"addresses", &Network::add_addresses},
      {"routes", &Network::change_routes_and_rules},
      {"addresses", &Network::delete_addresses},
      {"protection", &Network::protect},
      {"DNS", &Network::change_dns},
  };
  const Wanted wanted(steps);
  std::vector<std::string> changed;
  for (const auto& [name, part] : kParts) {
    const auto done = (this->*part)(wanted);
    if (!done) return failure(interface_ + ": " + done.error().message, done.error().code);
    if (*done && std::ranges::find(changed, name) == changed.end()) changed.emplace_back(name);
  }
  if (auto served = become_gateway(gateway_); !served) return tl::unexpected(served.error());
  return changed;
}

Result<bool> Network::change_mtu(const Wanted& wanted) {
  const auto before = mtu_;
  if (auto set = carry_out(wanted.up); !set) return tl::unexpected(set.error());
  return mtu_ != before;
}

Result<bool> Network::add_addresses(const Wanted& wanted) {
  const auto added = except(wanted.addresses, addresses_);
  for (const config::InterfaceAddress& one : added) {
    // An IPv6 address is there once only, with one length.
    const auto same =
        std::ranges::find(addresses_, one.address, &config::InterfaceAddress::address);
    if (same != addresses_.end() && !one.address.is_v4()) {
      if (auto gone =
              unless(EADDRNOTAVAIL, delete_address(socket_, index_, same->address, same->length));
          !gone) {
        return tl::unexpected(gone.error());
      }
      addresses_.erase(same);
    }
    auto done = unless(EEXIST, add_address(socket_, index_, one.address, one.length));
    if (!done) return tl::unexpected(done.error());
    addresses_.push_back(one);
  }
  return !added.empty();
}

// The routes of the interface that are neither ours nor the kernel's.
Result<std::vector<IpPrefix>> Network::routes_of_others() {
  auto routes = routes_of(socket_, index_);
  if (!routes) return routes;
  const auto networks = networks_of(addresses_);
  std::erase_if(*routes, [&](const IpPrefix& route) {
    const bool ours = std::ranges::any_of(routes_, [&](const AddRoute& made) {
      return made.to == route && made.table == kMainTable;
    });
    return ours || std::ranges::find(networks, route) != networks.end();
  });
  return routes;
}

Result<bool> Network::change_routes_and_rules(const Wanted& wanted) {
  auto covering = routes_of_others();
  if (!covering) return tl::unexpected(covering.error());
  std::ranges::copy(networks_of(wanted.addresses), std::back_inserter(*covering));
  const auto routes = without_covered(wanted.routes, *covering);

  const auto added = except(routes, routes_);
  if (auto done = add_routes(added); !done) return tl::unexpected(done.error());
  const auto ruled = add_rules(wanted);
  if (!ruled) return tl::unexpected(ruled.error());
  const auto old_rules = except(traces_.rules, wanted.rules);
  if (auto done = delete_rules(old_rules); !done) return tl::unexpected(done.error());
  const auto removed = except(routes_, routes);
  for (const AddRoute& route : removed) {
    if (auto gone = unless(ESRCH, delete_route(socket_, index_, route.to, route.table)); !gone) {
      return tl::unexpected(gone.error());
    }
    std::erase(routes_, route);
  }
  return *ruled || !added.empty() || !removed.empty() || !old_rules.empty();
}

Result<void> Network::add_routes(const std::vector<AddRoute>& routes) {
  for (const AddRoute& route : routes) {
    auto added = unless(EEXIST, add_route(socket_, index_, route.to, route.table));
    if (!added) return added;
    if (std::ranges::find(routes_, route) == routes_.end()) routes_.push_back(route);
  }
  return {};
}

// Of the rules of one version the last one made is looked at first, and that has to be the one of
// the main table.
Result<bool> Network::add_rules(const Wanted& wanted) {
  std::set<IpVersion> changed;
  for (const RoutingRule& rule : except(wanted.rules, traces_.rules))
    changed.insert(rule.version);
  for (const IpVersion version : changed) {
    std::vector<RoutingRule> main;
    std::ranges::copy_if(traces_.rules, std::back_inserter(main), [&](const RoutingRule& rule) {
      return rule.version == version && rule.kind == RoutingRule::Kind::kMainNoDefault;
    });
    if (auto gone = delete_rules(main); !gone) return tl::unexpected(gone.error());
  }
  for (const RoutingRule& rule : except(wanted.rules, traces_.rules)) {
    if (auto added = carry_out(AddRule{rule}); !added) return tl::unexpected(added.error());
  }
  return !changed.empty();
}

Result<void> Network::delete_rules(const std::vector<RoutingRule>& rules) {
  for (const RoutingRule& rule : rules) {
    if (auto gone = unless(ENOENT, delete_rule(socket_, rule)); !gone) return gone;
    std::erase(traces_.rules, rule);
  }
  return rules.empty() ? Result<void>() : record_->write(traces_);
}

// With an address the kernel may delete others of its network, and with the last one all routes.
Result<bool> Network::delete_addresses(const Wanted& wanted) {
  const auto removed = except(addresses_, wanted.addresses);
  for (const config::InterfaceAddress& one : removed) {
    auto gone = unless(EADDRNOTAVAIL, delete_address(socket_, index_, one.address, one.length));
    if (!gone) return tl::unexpected(gone.error());
    std::erase(addresses_, one);
  }
  if (removed.empty()) return false;
  for (const config::InterfaceAddress& one : addresses_) {
    auto there = unless(EEXIST, add_address(socket_, index_, one.address, one.length));
    if (!there) return tl::unexpected(there.error());
  }
  const auto routes = routes_;
  if (auto there = add_routes(routes); !there) return tl::unexpected(there.error());
  return true;
}

Result<bool> Network::protect(const Wanted& wanted) {
  const auto removed = except(protections_, wanted.protections);
  const bool changed = !removed.empty() || !except(wanted.protections, protections_).empty();
  for (const ProtectAddresses& old : removed) {
    std::erase(protections_, old);
    // A table that stays is written anew in one step.
    if (std::ranges::find(wanted.protections, old.version, &ProtectAddresses::version) !=
        wanted.protections.end()) {
      continue;
    }
    if (auto done = run_nft(no_protection(interface_, old.version)); !done) {
      return tl::unexpected(done.error());
    }
  }
  for (const ProtectAddresses& step : wanted.protections) {
    if (auto done = carry_out(step); !done) return tl::unexpected(done.error());
  }
  return changed;
}

Result<bool> Network::change_dns(const Wanted& wanted) {
  if (dns_ == wanted.dns) return false;
  auto done = wanted.dns ? carry_out(*wanted.dns) : unset_dns(traces_.dns);
  if (!done) return tl::unexpected(done.error());
  if (!wanted.dns) {
    dns_.reset();
    traces_.dns = {};
    if (auto written = record_->write(traces_); !written) return tl::unexpected(written.error());
  }
  return true;
}

}  // namespace wring::run
