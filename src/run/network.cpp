// Steps by netlink, libnftables, and the programs that know about DNS.
#include "run/network.h"

#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "netlink/network_changes.h"
#include "netlink/network_facts.h"
#include "run/dns.h"
#include "run/firewall.h"
#include "run/route_difference.h"
#include "run/source_mark.h"

namespace wring::run {
namespace {

std::vector<IpAddress> without_lengths(const std::vector<OwnAddress>& addresses) {
  std::vector<IpAddress> alone;
  alone.reserve(addresses.size());
  for (const OwnAddress& one : addresses)
    alone.push_back(one.address);
  return alone;
}

}  // namespace

std::vector<std::string> clear(RtSocket& socket, const std::string& interface,
                               const Traces& traces) {
  std::vector<std::string> complaints;
  const auto note = [&](const Result<void>& result) {
    if (!result && result.error().code != ENOENT) complaints.push_back(result.error().message);
  };
  note(unset_dns(traces.dns));
  if (traces.protection) {
    for (const IpVersion version : {IpVersion::kV4, IpVersion::kV6})
      note(run_nft(no_protection(interface, version)));
  }
  if (traces.gateway) note(run_nft(no_gateway(interface)));
  for (const RoutingRule& rule : traces.rules)
    note(delete_rule(socket, rule));
  return complaints;
}

Network::Network(RtSocket socket, std::string interface, unsigned index, const Record& record,
                 Say say)
    : socket_(std::move(socket)),
      interface_(std::move(interface)),
      index_(index),
      record_(&record),
      say_(std::move(say)) {}

Result<Network> Network::open(const std::string& interface, const Record& record, Say say) {
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return system_failure("the interface " + interface + " is gone", errno);
  return Network(std::move(*socket), interface, index, record, std::move(say));
}

Result<void> Network::use_endpoints(std::vector<Endpoint> endpoints, std::uint32_t fwmark) {
  endpoints_ = std::move(endpoints);
  fwmark_ = fwmark;
  if (!follows_ways_ || mtu_ == mtu_of_ways()) return {};
  return carry_out(SetUp{});
}

Result<void> Network::apply(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    auto done = std::visit([&](const auto& one) { return carry_out(one); }, step);
    if (!done) return failure(interface_ + ": " + done.error().message, done.error().code);
  }
  return {};
}

Result<LinkState> Network::link_state() {
  auto addresses = addresses_of(socket_, index_);
  if (!addresses) return tl::unexpected(addresses.error());
  return LinkState{std::move(*addresses), mtu_of(socket_, index_).value_or(mtu_.value_or(0))};
}

void Network::undo() {
  for (const std::string& complaint : clear(socket_, interface_, traces_))
    say_(complaint);
  traces_ = {};
}

Result<void> Network::become_gateway(const Gateway& gateway) {
  gateway_ = gateway;
  if (gateway.is_empty()) return {};
  traces_.gateway = true;
  if (auto written = record_->write(traces_); !written) return written;
  return run_nft(gateway_rules(interface_, gateway));
}

Result<void> Network::carry_out(const AddAddress& step) {
  auto added = add_address(socket_, index_, step.address.address, step.address.length);
  if (added) addresses_.push_back(step.address);
  return added;
}

Result<void> Network::carry_out(const SetUp& step) {
  const std::uint32_t mtu = step.mtu ? *step.mtu : mtu_of_ways();
  follows_ways_ = !step.mtu;
  auto set = set_up(socket_, index_, mtu);
  if (set) mtu_ = mtu;
  return set;
}

std::uint32_t Network::mtu_of_ways() {
  std::vector<std::uint32_t> mtus;
  for (const Endpoint& endpoint : endpoints_) {
    const auto way = way_to(socket_, endpoint, fwmark_);
    if (way && way->interface != index_) mtus.push_back(way->mtu);
  }
  const auto way = default_way(socket_);
  return choose_mtu(mtus, way ? way->mtu : 0);
}

Result<void> Network::carry_out(const AddRoute& step) {
  if (step.unless_covered) {
    const auto present = routes_of(socket_, index_);
    if (!present) return tl::unexpected(present.error());
    if (without_covered({step}, *present).empty()) return {};
  }
  auto added = add_route(socket_, index_, step.to, step.table);
  if (added) routes_.push_back(step);
  return added;
}

Result<void> Network::carry_out(const AddRule& step) {
  traces_.rules.push_back(step.rule);
  if (auto written = record_->write(traces_); !written) return written;
  auto added = add_rule(socket_, step.rule);
  if (!added) traces_.rules.pop_back();
  return added;
}

Result<void> Network::carry_out(const ProtectAddresses& step) {
  const auto addresses = addresses_of(socket_, index_);
  if (!addresses) return tl::unexpected(addresses.error());
  traces_.protection = true;
  if (auto written = record_->write(traces_); !written) return written;
  const bool is_new = std::ranges::find(protections_, step) == protections_.end();
  if (step.version == IpVersion::kV4 && is_new) {
    if (const std::string line = use_marks_in_source_checks(); !line.empty()) say_(line);
  }
  if (is_new) protections_.push_back(step);
  return run_nft(protection(interface_, step.version, without_lengths(*addresses), step.mark));
}

Result<void> Network::carry_out(const SetDns& step) {
  const DnsTarget target = find_dns(interface_);
  if (target.program == DnsProgram::kNone) {
    say_(
        "DNS is not set, because neither systemd-resolved nor resolvconf is here; names are "
        "looked up as before (install resolvconf, or write the servers into /etc/resolv.conf)");
    dns_ = step;
    return {};
  }
  traces_.dns = target;
  if (auto written = record_->write(traces_); !written) return written;
  auto set = set_dns(target, step);
  if (set) dns_ = step;
  return set;
}

}  // namespace wring::run
