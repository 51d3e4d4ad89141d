// Sorts allowed prefixes into routes, and says what goes along with a default route.
#include "run/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace wring::run {
namespace {

using config::RoutingTable;

// What the peers have in the end, longest first: a route is left out only where one that came
// before it covers it.
std::vector<IpPrefix> prefixes_of(const config::TunnelConfig& config) {
  std::set<IpPrefix> all;
  for (const config::Peer& peer : config.peers) {
    for (const config::AllowedIp& allowed : peer.allowed_ips) {
      if (allowed.sign == config::AllowedIp::Sign::kMinus) {
        all.erase(allowed.prefix);
      } else {
        all.insert(allowed.prefix);
      }
    }
  }
  std::vector<IpPrefix> sorted(all.begin(), all.end());
  std::ranges::stable_sort(sorted, std::ranges::greater(), &IpPrefix::length);
  return sorted;
}

RoutingTable table_of(const config::TunnelConfig& config) {
  return config.interface.table ? config.interface.table->value : RoutingTable{};
}

std::uint32_t fwmark_of(const config::TunnelConfig& config) {
  return config.interface.fwmark ? config.interface.fwmark->value : 0;
}

void add_default(std::vector<Step>& steps, const IpPrefix& to, std::uint32_t table) {
  const IpVersion version = to.address.version;
  steps.emplace_back(AddRule{{version, RoutingRule::Kind::kUnmarked, table}});
  steps.emplace_back(AddRule{{version, RoutingRule::Kind::kMainNoDefault, kMainTable}});
  steps.emplace_back(AddRoute{to, table, false});
  steps.emplace_back(ProtectAddresses{version, table});
}

// All but routes.
void add_interface(Plan& plan, const config::Interface& interface) {
  for (const auto& address : interface.addresses)
    plan.steps.emplace_back(AddAddress{address.value});
  plan.steps.emplace_back(
      SetUp{interface.mtu ? std::optional(interface.mtu->value) : std::nullopt});
  if (interface.dns_servers.empty()) return;
  SetDns dns;
  for (const auto& server : interface.dns_servers)
    dns.servers.push_back(server.value);
  for (const auto& domain : interface.dns_search)
    dns.search.push_back(domain.value);
  plan.dns.emplace_back(std::move(dns));
}

struct Describe {
  std::string operator()(const AddAddress& step) const {
    return fmt::format("address {}/{}", wring::to_string(step.address.address),
                       step.address.length);
  }
  std::string operator()(const SetUp& step) const {
    return step.mtu ? fmt::format("up, mtu {}", *step.mtu) : "up, mtu of the way";
  }
  std::string operator()(const AddRoute& step) const {
    return fmt::format("route {} in table {}{}", wring::to_string(step.to), step.table,
                       step.unless_covered ? " unless covered" : "");
  }
  std::string operator()(const AddRule& step) const { return wring::to_string(step.rule); }
  std::string operator()(const ProtectAddresses& step) const {
    return fmt::format("IPv{} protection, mark {}", static_cast<int>(step.version), step.mark);
  }
  std::string operator()(const SetDns& step) const {
    std::string text = "dns";
    for (const IpAddress& server : step.servers)
      text += fmt::format(" {}", wring::to_string(server));
    for (const std::string& domain : step.search)
      text += fmt::format(" {}", domain);
    return text;
  }
};

}  // namespace

std::string to_string(const Step& step) {
  return std::visit(Describe{}, step);
}

bool has_default_route(const config::TunnelConfig& config) {
  if (table_of(config).kind != RoutingTable::Kind::kAuto) return false;
  return std::ranges::any_of(prefixes_of(config),
                             [](const IpPrefix& prefix) { return prefix.length == 0; });
}

Plan make_plan(const config::TunnelConfig& config, std::uint32_t free_table,
               std::uint32_t named_table) {
  Plan plan;
  plan.fwmark = fwmark_of(config);
  add_interface(plan, config.interface);
  const RoutingTable table = table_of(config);
  const bool automatic = table.kind == RoutingTable::Kind::kAuto;
  for (const IpPrefix& prefix : prefixes_of(config)) {
    if (table.kind == RoutingTable::Kind::kOff) break;
    if (automatic && prefix.length == 0) {
      if (plan.fwmark == 0) plan.fwmark = free_table;
      add_default(plan.defaults, prefix, plan.fwmark);
    } else if (automatic) {
      plan.steps.emplace_back(AddRoute{prefix, kMainTable, true});
    } else {
      const bool named = table.kind == RoutingTable::Kind::kName;
      plan.steps.emplace_back(AddRoute{prefix, named ? named_table : table.number, false});
    }
  }

  return plan;
}

Plan make_plan_inside(const config::TunnelConfig& config) {
  Plan plan;
  add_interface(plan, config.interface);
  for (const IpPrefix& prefix : prefixes_of(config))
    plan.steps.emplace_back(AddRoute{prefix, kMainTable, true});
  return plan;
}

std::uint32_t choose_mtu(const std::vector<std::uint32_t>& ways, std::uint32_t default_way) {
  constexpr std::uint32_t kUsual = 1500;
  // An IPv6 header, a UDP header, that of a message, and its tag.
  constexpr std::uint32_t kOverhead = 80;
  std::uint32_t least = 0;
  for (const std::uint32_t mtu : ways) {
    if (mtu != 0 && (least == 0 || mtu < least)) least = mtu;
  }
  if (least == 0) least = default_way;
  if (least <= kOverhead) least = kUsual;
  return least - kOverhead;
}

}  // namespace wring::run
