// Asks by RTM_GETADDR, RTM_GETLINK and RTM_GETROUTE.
#include "netlink/network_facts.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "netlink/network_changes.h"
#include "netlink/route_message.h"

namespace wring {
namespace {

constexpr std::uint8_t kFamilies[] = {AF_INET, AF_INET6};

Result<std::vector<Route>> routes_in(RtSocket& socket, std::uint8_t family) {
  std::vector<Route> routes;
  RtRequest request(RTM_GETROUTE, NLM_F_DUMP);
  request.header<rtmsg>().rtm_family = family;
  const int error = socket.ask(request, [&](const nlmsghdr& message) {
    const auto route = route_in(message);
    if (route && !route->cached) routes.push_back(*route);
  });
  // A kernel without IPv6 has no routes of it.
  if (error != 0 && error != EAFNOSUPPORT && error != EOPNOTSUPP) {
    return system_failure("cannot list the routes", error);
  }
  return routes;
}

std::optional<Way> way_by(RtSocket& socket, const Route& route) {
  if (route.interface == 0) return std::nullopt;
  if (route.mtu != 0) return Way{route.interface, route.mtu};
  const auto mtu = mtu_of(socket, route.interface);
  if (!mtu) return std::nullopt;
  return Way{route.interface, *mtu};
}

}  // namespace

std::optional<unsigned> mtu_of(RtSocket& socket, unsigned interface) {
  std::optional<unsigned> mtu;
  RtRequest request(RTM_GETLINK, 0);
  request.header<ifinfomsg>().ifi_index = static_cast<int>(interface);
  const int error = socket.ask(request, [&](const nlmsghdr& message) {
    for_each_attribute(message, sizeof(ifinfomsg), [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) == IFLA_MTU) mtu = number_in(attribute);
    });
  });
  return error == 0 ? mtu : std::nullopt;
}

bool is_running(RtSocket& socket, unsigned interface) {
  unsigned flags = 0;
  RtRequest request(RTM_GETLINK, 0);
  request.header<ifinfomsg>().ifi_index = static_cast<int>(interface);
  const int error = socket.ask(request, [&](const nlmsghdr& message) {
    flags = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message))->ifi_flags;
  });
  return error == 0 && (flags & IFF_RUNNING) != 0;
}

Result<unsigned> index_of(RtSocket& socket, const std::string& name) {
  unsigned index = 0;
  RtRequest request(RTM_GETLINK, 0);
  request.header<ifinfomsg>();
  mnl_attr_put_strz(request.message(), IFLA_IFNAME, name.c_str());
  const int error = socket.ask(request, [&](const nlmsghdr& message) {
    const auto& header = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
    index = static_cast<unsigned>(header.ifi_index);
  });
  if (error != 0) return system_failure("cannot find the interface " + name, error);
  return index;
}

Result<std::vector<OwnAddress>> addresses_of(RtSocket& socket, unsigned interface) {
  std::vector<OwnAddress> addresses;
  RtRequest request(RTM_GETADDR, NLM_F_DUMP);
  request.header<ifaddrmsg>();
  const int error = socket.ask(request, [&](const nlmsghdr& message) {
    const auto& header = *static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
    if (header.ifa_index != interface) return;
    // IPv6 gives IFA_LOCAL only for the near end of a pair.
    std::optional<IpAddress> local;
    for_each_attribute(message, sizeof(ifaddrmsg), [&](const nlattr& attribute) {
      const std::uint16_t type = mnl_attr_get_type(&attribute);
      if (type == IFA_LOCAL || (type == IFA_ADDRESS && !local)) {
        local = address_in(attribute, header.ifa_family);
      }
    });
    if (local) addresses.push_back({*local, header.ifa_prefixlen});
  });
  if (error != 0) return system_failure("cannot list the addresses", error);
  return addresses;
}

Result<std::vector<IpPrefix>> routes_of(RtSocket& socket, unsigned interface) {
  std::vector<IpPrefix> prefixes;
  for (const std::uint8_t family : kFamilies) {
    const auto routes = routes_in(socket, family);
    if (!routes) return tl::unexpected(routes.error());
    for (const Route& route : *routes) {
      if (route.table == kMainTable && route.interface == interface) prefixes.push_back(route.to);
    }
  }
  return prefixes;
}

Result<bool> is_empty_table(RtSocket& socket, std::uint32_t table) {
  for (const std::uint8_t family : kFamilies) {
    const auto routes = routes_in(socket, family);
    if (!routes) return tl::unexpected(routes.error());
    if (std::ranges::any_of(*routes, [&](const Route& route) { return route.table == table; })) {
      return false;
    }
  }
  return true;
}

std::optional<Way> way_to(RtSocket& socket, const Endpoint& endpoint, std::uint32_t fwmark) {
  RtRequest request = request_of(question_for(endpoint, fwmark));
  std::optional<Route> found;
  if (socket.ask(request, [&](const nlmsghdr& message) { found = route_in(message); }) != 0) {
    return std::nullopt;
  }
  return found ? way_by(socket, *found) : std::nullopt;
}

std::optional<Way> default_way(RtSocket& socket) {
  const auto routes = routes_in(socket, AF_INET);
  if (!routes) return std::nullopt;
  const auto first = std::ranges::find_if(*routes, [](const Route& route) {
    return route.table == kMainTable && route.to.length == 0;
  });
  return first == routes->end() ? std::nullopt : way_by(socket, *first);
}

}  // namespace wring
