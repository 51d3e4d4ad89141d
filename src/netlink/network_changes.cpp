// Writes requests as those of iproute2 are, so that the kernel holds the same afterwards.
#include "netlink/network_changes.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

namespace wring {
namespace {

constexpr std::uint16_t kNew = NLM_F_CREATE | NLM_F_EXCL;
constexpr std::uint32_t kLargestShortTable = 255;

std::uint8_t family_of(IpVersion version) {
  return version == IpVersion::kV4 ? AF_INET : AF_INET6;
}

std::uint8_t short_table(std::uint32_t table) {
  return static_cast<std::uint8_t>(table <= kLargestShortTable ? table : RT_TABLE_UNSPEC);
}

Result<void> outcome(int error, const std::string& what, IpVersion version) {
  if (error == 0) return {};
  const bool no_ipv6 = version == IpVersion::kV6 &&
                       (error == EACCES || error == EOPNOTSUPP || error == EAFNOSUPPORT);
  const char* advice = "";
  if (no_ipv6)
    advice =
        "IPv6 is switched off here: set net.ipv6.conf.all.disable_ipv6=0, or take "
        "IPv6 out of the file";
  if (error == EPERM) advice = "it takes CAP_NET_ADMIN: run as root";
  return system_failure("cannot " + what, error, advice);
}

RtRequest rule_request(const RoutingRule& rule, std::uint16_t type, std::uint16_t flags) {
  RtRequest request(type, flags);
  const bool unmarked = rule.kind == RoutingRule::Kind::kUnmarked;
  auto& header = request.header<fib_rule_hdr>();
  header.family = family_of(rule.version);
  header.table = short_table(rule.table);
  header.action = FR_ACT_TO_TBL;
  if (unmarked) header.flags = FIB_RULE_INVERT;
  request.put(FRA_TABLE, rule.table);
  if (unmarked) {
    request.put(FRA_FWMARK, rule.table);
  } else {
    request.put(FRA_SUPPRESS_PREFIXLEN, std::uint32_t{0});
  }
  return request;
}

RtRequest address_request(unsigned interface, const IpAddress& address, std::uint8_t length,
                          std::uint16_t type, std::uint16_t flags) {
  constexpr std::uint8_t kLoopbackNet = 127;
  RtRequest request(type, flags);
  auto& header = request.header<ifaddrmsg>();
  header.ifa_family = family_of(address.version);
  header.ifa_prefixlen = length;
  header.ifa_index = interface;
  const bool loopback = address.is_v4() && address.bytes[0] == kLoopbackNet;
  header.ifa_scope = loopback ? std::uint8_t{RT_SCOPE_HOST} : std::uint8_t{RT_SCOPE_UNIVERSE};
  // Nobody else can have it behind a tunnel. The kernel finds that out by itself, but later, and
  // drops what comes until then.
  if (!address.is_v4()) header.ifa_flags = IFA_F_NODAD;
  request.put(IFA_LOCAL, address.span());
  request.put(IFA_ADDRESS, address.span());
  return request;
}

RtRequest route_request(unsigned interface, const IpPrefix& to, std::uint32_t table,
                        std::uint16_t type, std::uint16_t flags) {
  RtRequest request(type, flags);
  auto& header = request.header<rtmsg>();
  header.rtm_family = family_of(to.address.version);
  header.rtm_dst_len = to.length;
  header.rtm_table = short_table(table);
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = to.address.is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  if (to.length != 0) request.put(RTA_DST, to.address.span());
  request.put(RTA_OIF, std::uint32_t{interface});
  request.put(RTA_TABLE, table);
  return request;
}

std::string text_of(const IpAddress& address, std::uint8_t length) {
  return "the address " + to_string(address) + "/" + std::to_string(length);
}

std::string text_of(const IpPrefix& to, std::uint32_t table) {
  return to_string(to) + " in table " + std::to_string(table);
}

}  // namespace

Result<void> add_address(RtSocket& socket, unsigned interface, const IpAddress& address,
                         std::uint8_t length) {
  RtRequest request = address_request(interface, address, length, RTM_NEWADDR, kNew);
  return outcome(socket.change(request), "add " + text_of(address, length), address.version);
}

Result<void> delete_address(RtSocket& socket, unsigned interface, const IpAddress& address,
                            std::uint8_t length) {
  RtRequest request = address_request(interface, address, length, RTM_DELADDR, 0);
  return outcome(socket.change(request), "delete " + text_of(address, length), address.version);
}

Result<void> set_up(RtSocket& socket, unsigned interface, unsigned mtu) {
  RtRequest request(RTM_NEWLINK, 0);
  auto& header = request.header<ifinfomsg>();
  header.ifi_index = static_cast<int>(interface);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  request.put(IFLA_MTU, std::uint32_t{mtu});
  return outcome(socket.change(request),
                 "set the interface up with an MTU of " + std::to_string(mtu), IpVersion::kV4);
}

Result<void> set_up_loopback(RtSocket& socket) {
  constexpr unsigned kLoopback = 1;  // in every namespace
  constexpr unsigned kUsualMtu = 65536;
  return set_up(socket, kLoopback, kUsualMtu);
}

Result<void> add_route(RtSocket& socket, unsigned interface, const IpPrefix& to,
                       std::uint32_t table) {
  RtRequest request = route_request(interface, to, table, RTM_NEWROUTE, kNew);
  return outcome(socket.change(request), "add a route to " + text_of(to, table),
                 to.address.version);
}

Result<void> delete_route(RtSocket& socket, unsigned interface, const IpPrefix& to,
                          std::uint32_t table) {
  RtRequest request = route_request(interface, to, table, RTM_DELROUTE, 0);
  return outcome(socket.change(request), "delete the route to " + text_of(to, table),
                 to.address.version);
}

Result<void> deliver_all_here(RtSocket& socket, IpVersion version, const std::string& interface,
                              std::uint32_t table) {
  constexpr std::uint32_t kLoopback = 1;  // in every namespace
  RtRequest route(RTM_NEWROUTE, kNew);
  auto& to = route.header<rtmsg>();
  to.rtm_family = family_of(version);
  to.rtm_table = short_table(table);
  to.rtm_protocol = RTPROT_BOOT;
  to.rtm_scope = RT_SCOPE_HOST;
  to.rtm_type = RTN_LOCAL;
  route.put(RTA_OIF, kLoopback);
  route.put(RTA_TABLE, table);
  if (auto done = outcome(socket.change(route), "add a local route to everything", version);
      !done) {
    return done;
  }
  RtRequest rule(RTM_NEWRULE, kNew);
  auto& from = rule.header<fib_rule_hdr>();
  from.family = family_of(version);
  from.table = short_table(table);
  from.action = FR_ACT_TO_TBL;
  rule.put(FRA_TABLE, table);
  rule.put(FRA_IIFNAME, ByteSpan(reinterpret_cast<const std::uint8_t*>(interface.c_str()),
                                 interface.size() + 1));
  return outcome(socket.change(rule), "add the rule for what comes in by " + interface, version);
}

Result<void> add_rule(RtSocket& socket, const RoutingRule& rule) {
  RtRequest request = rule_request(rule, RTM_NEWRULE, kNew);
  return outcome(socket.change(request), "add the " + to_string(rule), rule.version);
}

Result<void> delete_rule(RtSocket& socket, const RoutingRule& rule) {
  RtRequest request = rule_request(rule, RTM_DELRULE, 0);
  return outcome(socket.change(request), "delete the " + to_string(rule), rule.version);
}

std::string to_string(const RoutingRule& rule) {
  const std::string family = rule.version == IpVersion::kV4 ? "IPv4" : "IPv6";
  if (rule.kind == RoutingRule::Kind::kMainNoDefault) {
    return family + " rule table main suppress_prefixlength 0";
  }
  const std::string table = std::to_string(rule.table);
  return family + " rule not fwmark " + table + " table " + table;
}

}  // namespace wring
