// A netlink socket whose messages are counted, not read.
#include "netlink/route_notices.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace wring {
namespace {

// A group's bit in a socket address; there is one for the groups 1 to 32.
constexpr std::uint32_t bit(rtnetlink_groups group) {
  return std::uint32_t{1} << (static_cast<unsigned>(group) - 1U);
}
constexpr std::uint32_t kGroups = bit(RTNLGRP_LINK) | bit(RTNLGRP_IPV4_IFADDR) |
                                  bit(RTNLGRP_IPV6_IFADDR) | bit(RTNLGRP_IPV4_ROUTE) |
                                  bit(RTNLGRP_IPV6_ROUTE) | bit(RTNLGRP_IPV4_RULE) |
                                  bit(RTNLGRP_IPV6_RULE) | bit(RTNLGRP_NEXTHOP);

// Some messages. One that is lost is no loss while another one is there.
constexpr int kNoticeRoom = 16384;
// More than the buffer holds.
constexpr int kMaxTaken = 256;

}  // namespace

Result<RouteNotices> RouteNotices::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket) return system_failure("cannot open a netlink socket", errno);
  // An overrun is not to be told as an error, which would keep a socket ready that has no message.
  const int on = 1;
  setsockopt(socket.get(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &kNoticeRoom, sizeof kNoticeRoom);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kGroups;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_failure("cannot listen for changes of routes", errno);
  }
  return RouteNotices(std::move(socket));
}

bool RouteNotices::take() {
  bool any = false;
  std::array<char, 1> rest_is_thrown_away;
  for (int i = 0; i < kMaxTaken; ++i) {
    if (recv(socket_.get(), rest_is_thrown_away.data(), rest_is_thrown_away.size(), 0) < 0) {
      if (errno == EINTR) continue;
      // Lost messages are messages.
      if (errno != ENOBUFS) break;
    }
    any = true;
  }
  return any;
}

}  // namespace wring
