// Which routes a changed file adds and removes. Pure.
#pragma once

#include <algorithm>
#include <vector>

#include "config/tunnel_config.h"
#include "netlink/network_facts.h"
#include "run/plan.h"

namespace wring::run {

// The routes that the kernel makes of addresses, in the main table.
[[nodiscard]] std::vector<IpPrefix> networks_of(
    const std::vector<config::InterfaceAddress>& addresses);

// Those of `wanted` that are to be there: one that another route of the interface covers is left
// out if it says so.
[[nodiscard]] std::vector<AddRoute> without_covered(const std::vector<AddRoute>& wanted,
                                                    const std::vector<IpPrefix>& others);

// What is in `from` and not in `without`, in its order.
template <typename T>
[[nodiscard]] std::vector<T> except(const std::vector<T>& from, const std::vector<T>& without) {
  std::vector<T> left;
  for (const T& one : from) {
    if (std::ranges::find(without, one) == without.end()) left.push_back(one);
  }
  return left;
}

}  // namespace wring::run
