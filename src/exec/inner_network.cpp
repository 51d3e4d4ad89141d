// Steps by a netlink socket that is inside; the ways to the peers by one that is not.
#include "exec/inner_network.h"

#include <algorithm>
#include <cerrno>
#include <type_traits>
#include <utility>
#include <variant>

#include "netlink/network_changes.h"
#include "netlink/network_facts.h"

namespace wring::exec {

Result<InnerNetwork> InnerNetwork::open(RtSocket inside, const std::string& interface) {
  auto outside = RtSocket::open();
  if (!outside) return tl::unexpected(outside.error());
  if (auto up = set_up_loopback(inside); !up) return tl::unexpected(up.error());
  const auto index = index_of(inside, interface);
  if (!index) return tl::unexpected(index.error());
  return InnerNetwork(std::move(inside), std::move(*outside), interface, *index);
}

Result<void> InnerNetwork::use_endpoints(std::vector<Endpoint> endpoints) {
  endpoints_ = std::move(endpoints);
  if (followed_mtu_ == 0 || followed_mtu_ == mtu_of_ways()) return {};
  return carry_out(run::SetUp{});
}

Result<void> InnerNetwork::apply(const std::vector<run::Step>& steps) {
  const auto carry = [this](const auto& step) -> Result<void> {
    using Kind = std::decay_t<decltype(step)>;
    if constexpr (std::is_same_v<Kind, run::AddAddress> || std::is_same_v<Kind, run::SetUp> ||
                  std::is_same_v<Kind, run::AddRoute>) {
      return carry_out(step);
    } else {
      return failure("this step is none for the inside", ENOTSUP);
    }
  };
  for (const run::Step& step : steps) {
    auto done = std::visit(carry, step);
    if (!done) return failure(interface_ + ": " + done.error().message, done.error().code);
  }
  return {};
}

Result<void> InnerNetwork::carry_out(const run::AddAddress& step) {
  return add_address(inside_, index_, step.address.address, step.address.length);
}

Result<void> InnerNetwork::carry_out(const run::SetUp& step) {
  const std::uint32_t mtu = step.mtu ? *step.mtu : mtu_of_ways();
  if (!step.mtu) followed_mtu_ = mtu;
  return set_up(inside_, index_, mtu);
}

std::uint32_t InnerNetwork::mtu_of_ways() {
  std::vector<std::uint32_t> mtus;
  for (const Endpoint& endpoint : endpoints_) {
    if (const auto way = way_to(outside_, endpoint, 0)) mtus.push_back(way->mtu);
  }
  const auto way = default_way(outside_);
  return run::choose_mtu(mtus, way ? way->mtu : 0);
}

Result<void> InnerNetwork::carry_out(const run::AddRoute& step) {
  const auto present = routes_of(inside_, index_);
  if (!present) return tl::unexpected(present.error());
  const bool covered = std::ranges::any_of(*present, [&](const IpPrefix& route) {
    return route.length <= step.to.length && route.contains(step.to.address);
  });
  if (step.unless_covered && covered) return {};
  return add_route(inside_, index_, step.to, step.table);
}

}  // namespace wring::exec
