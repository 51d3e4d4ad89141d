// Steps by a netlink socket that is inside; the ways to the peers by one that is not.
#include "exec/inner_network.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

#include "netlink/network_changes.h"
#include "netlink/network_facts.h"
#include "run/route_difference.h"

namespace wring::exec {
namespace {

// The steps by kind. Of routes those that no address has the kernel make.
struct Parts {
  explicit Parts(const std::vector<run::Step>& steps) {
    for (const run::Step& step : steps) {
      if (const auto* const one = std::get_if<run::AddAddress>(&step)) {
        addresses.push_back(one->address);
      }
      if (const auto* const one = std::get_if<run::AddRoute>(&step)) routes.push_back(*one);
      if (const auto* const one = std::get_if<run::SetUp>(&step)) up = *one;
    }
    routes = run::without_covered(routes, run::networks_of(addresses));
  }
  std::vector<config::InterfaceAddress> addresses;
  std::vector<run::AddRoute> routes;
  run::SetUp up;
};

// A veth pair drops packets until the kernel has made it ready, within a few milliseconds.
void await_running(RtSocket& inside, unsigned index) {
  constexpr std::chrono::milliseconds kPatience{1000};
  constexpr std::chrono::milliseconds kPause{1};
  for (auto waited = kPause; !is_running(inside, index) && waited < kPatience; waited += kPause) {
    std::this_thread::sleep_for(kPause);
  }
}

// Nothing is wrong if it was done already.
Result<void> unless(int code, Result<void> result) {
  if (!result && result.error().code == code) return {};
  return result;
}

}  // namespace

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
  steps_ = steps;
  return {};
}

Result<bool> InnerNetwork::become(const std::vector<run::Step>& steps) {
  const Parts before(steps_);
  const Parts after(steps);
  const auto old_addresses = run::except(before.addresses, after.addresses);
  const auto old_routes = run::except(before.routes, after.routes);
  const bool same = old_addresses.empty() && old_routes.empty() && before.up.mtu == after.up.mtu &&
                    run::except(after.addresses, before.addresses).empty() &&
                    run::except(after.routes, before.routes).empty();
  if (same) return false;
  if (!after.up.mtu || before.up.mtu != after.up.mtu) followed_mtu_ = 0;
  Result<void> done = carry_out(after.up);
  if (done) done = add(after.addresses, after.routes);
  if (done) done = remove(old_addresses, old_routes);
  // With an address the kernel deletes the routes that have it as their source.
  if (done) done = add(after.addresses, after.routes);
  if (!done) return failure(interface_ + ": " + done.error().message, done.error().code);
  steps_ = steps;
  return true;
}

Result<void> InnerNetwork::add(const std::vector<config::InterfaceAddress>& addresses,
                               const std::vector<run::AddRoute>& routes) {
  for (const config::InterfaceAddress& one : addresses) {
    auto done = unless(EEXIST, add_address(inside_, index_, one.address, one.length));
    if (!done) return done;
  }
  for (const run::AddRoute& one : routes) {
    if (auto done = unless(EEXIST, add_route(inside_, index_, one.to, one.table)); !done) {
      return done;
    }
  }
  return {};
}

Result<void> InnerNetwork::remove(const std::vector<config::InterfaceAddress>& addresses,
                                  const std::vector<run::AddRoute>& routes) {
  for (const run::AddRoute& one : routes) {
    if (auto done = unless(ESRCH, delete_route(inside_, index_, one.to, one.table)); !done) {
      return done;
    }
  }
  for (const config::InterfaceAddress& one : addresses) {
    auto done = unless(EADDRNOTAVAIL, delete_address(inside_, index_, one.address, one.length));
    if (!done) return done;
  }
  return {};
}

Result<void> InnerNetwork::carry_out(const run::AddAddress& step) {
  return add_address(inside_, index_, step.address.address, step.address.length);
}

Result<void> InnerNetwork::carry_out(const run::SetUp& step) {
  const std::uint32_t mtu = step.mtu ? *step.mtu : mtu_of_ways();
  if (!step.mtu) followed_mtu_ = mtu;
  auto up = set_up(inside_, index_, mtu);
  if (up) await_running(inside_, index_);
  return up;
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
