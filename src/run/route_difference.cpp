// Compares lists of routes.
#include "run/route_difference.h"

#include <algorithm>

namespace wring::run {

std::vector<IpPrefix> networks_of(const std::vector<config::InterfaceAddress>& addresses) {
  std::vector<IpPrefix> networks;
  for (const config::InterfaceAddress& one : addresses) {
    // An IPv4 address alone is in the table of local addresses only.
    const bool alone = one.length == one.address.full_length();
    if (!one.address.is_v4() || !alone) networks.emplace_back(one.address, one.length);
  }
  return networks;
}

std::vector<AddRoute> without_covered(const std::vector<AddRoute>& wanted,
                                      const std::vector<IpPrefix>& others) {
  std::vector<AddRoute> left;
  for (const AddRoute& route : wanted) {
    const bool covered =
        route.unless_covered && std::ranges::any_of(others, [&](const IpPrefix& other) {
          return other.length <= route.to.length && other.contains(route.to.address);
        });
    if (!covered) left.push_back(route);
  }
  return left;
}

}  // namespace wring::run
