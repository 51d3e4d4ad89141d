// IP_TRANSPARENT, a table of nftables, and a table of routes.
#include "proxy/gateway_sockets.h"

#include <fmt/format.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "netlink/network_changes.h"
#include "netlink/rtnetlink.h"
#include "proxy/addresses.h"
#include "run/firewall.h"

namespace wring::proxy {
namespace {

constexpr int kGatewayBacklog = 1024;
// Of the inside alone, where no other table but the kernel's own is.
constexpr std::uint32_t kGatewayTable = 100;
constexpr std::uint32_t kEchoMark = 1;

bool set_on(const UniqueFd& socket, IpVersion version, int option4, int option6) {
  constexpr int kOn = 1;
  return version == IpVersion::kV4
             ? setsockopt(socket.get(), IPPROTO_IP, option4, &kOn, sizeof kOn) == 0
             : setsockopt(socket.get(), IPPROTO_IPV6, option6, &kOn, sizeof kOn) == 0;
}

UniqueFd transparent_socket(IpVersion version, int type) {
  const int family = version == IpVersion::kV4 ? AF_INET : AF_INET6;
  UniqueFd made(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made && !set_on(made, version, IP_TRANSPARENT, IPV6_TRANSPARENT)) made.reset();
  return made;
}

// At a free port of the loopback interface, where peers cannot reach it but by tproxy.
UniqueFd waiting_socket(IpVersion version, int type) {
  UniqueFd made = transparent_socket(version, type);
  const bool four = version == IpVersion::kV4;
  const Endpoint at = endpoint_at(*IpAddress::parse(four ? "127.0.0.1" : "::1"), 0);
  if (!made || bind(made.get(), &at.remote.any, at.remote_size()) != 0) return {};
  const bool ready = type == SOCK_STREAM
                         ? listen(made.get(), kGatewayBacklog) == 0
                         : set_on(made, version, IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR);
  if (!ready) made.reset();
  return made;
}

// Gets requests for an echo, and says where those of ICMPv6 were sent. Its packets have kEchoMark.
UniqueFd raw_echo_socket(IpVersion version) {
  const bool four = version == IpVersion::kV4;
  UniqueFd made(socket(four ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                       four ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6}));
  icmp_filter filter4{~(1U << ICMP_ECHO)};
  icmp6_filter filter6;
  ICMP6_FILTER_SETBLOCKALL(&filter6);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REQUEST, &filter6);
  const bool filtered =
      four ? setsockopt(made.get(), SOL_RAW, ICMP_FILTER, &filter4, sizeof filter4) == 0
           : setsockopt(made.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof filter6) == 0;
  if (!filtered || !set_on(made, version, IP_TRANSPARENT, IPV6_TRANSPARENT) ||
      !set_on(made, version, IP_PKTINFO, IPV6_RECVPKTINFO) ||
      setsockopt(made.get(), SOL_SOCKET, SO_MARK, &kEchoMark, sizeof kEchoMark) != 0) {
    made.reset();
  }
  return made;
}

std::string tproxy_rule(const char* protocol, const UniqueFd& socket, bool four) {
  return fmt::format("    meta nfproto {} meta l4proto {} tproxy {} to {}:{} accept\n",
                     four ? "ipv4" : "ipv6", protocol, four ? "ip" : "ip6",
                     four ? "127.0.0.1" : "[::1]", port_of(local_address(socket)));
}

}  // namespace

Result<GatewaySockets> open_gateway(const std::string& interface) {
  GatewaySockets made;
  made.tcp4 = waiting_socket(IpVersion::kV4, SOCK_STREAM);
  made.udp4 = waiting_socket(IpVersion::kV4, SOCK_DGRAM);
  if (!made.tcp4 || !made.udp4) return system_failure("cannot make a transparent socket", errno);
  made.tcp6 = waiting_socket(IpVersion::kV6, SOCK_STREAM);
  made.udp6 = waiting_socket(IpVersion::kV6, SOCK_DGRAM);
  made.icmp4 = raw_echo_socket(IpVersion::kV4);
  made.icmp6 = raw_echo_socket(IpVersion::kV6);
  std::string rules = tproxy_rule("tcp", made.tcp4, true) + tproxy_rule("udp", made.udp4, true);
  const bool six = made.tcp6 && made.udp6;
  if (six) rules += tproxy_rule("tcp", made.tcp6, false) + tproxy_rule("udp", made.udp6, false);
  const auto changed = run::run_nft(
      fmt::format("table inet wring-gateway {{\n  chain prerouting {{\n"
                  "    type filter hook prerouting priority -150;\n    iifname != \"{}\" return\n"
                  "    fib daddr type != unicast return\n{}  }}\n  chain output {{\n"
                  "    type filter hook output priority 0;\n    meta mark {} accept\n"
                  "    icmp type echo-reply fib saddr type != local drop\n"
                  "    icmpv6 type echo-reply fib saddr type != local drop\n  }}\n}}\n",
                  interface, rules, kEchoMark));
  if (!changed) {
    return failure(changed.error().message +
                   " (it needs nft_tproxy and nft_fib, CONFIG_NFT_TPROXY and CONFIG_NFT_FIB_INET; "
                   "run modprobe nft_tproxy, or remove the section)");
  }
  auto routing = RtSocket::open();
  if (!routing) return tl::unexpected(routing.error());
  auto here = deliver_all_here(*routing, IpVersion::kV4, interface, kGatewayTable);
  if (here && six) here = deliver_all_here(*routing, IpVersion::kV6, interface, kGatewayTable);
  if (!here) return tl::unexpected(here.error());
  return made;
}

UniqueFd socket_of_another(const Endpoint& address) {
  UniqueFd made = transparent_socket(remote_address(address).version, SOCK_DGRAM);
  constexpr int kOn = 1;
  if (!made || setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn) != 0 ||
      bind(made.get(), &address.remote.any, address.remote_size()) != 0) {
    return {};
  }
  return made;
}

}  // namespace wring::proxy
