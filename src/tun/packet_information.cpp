// Asks netlink for the interface and looks for IFLA_TUN_PI in the answer.
#include "tun/packet_information.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "netlink/namespace_socket.h"

namespace wring {
namespace {

constexpr std::size_t kMessageRoom = 32768;  // the kernel never makes a netlink message larger

struct Wanted {
  std::uint16_t type;
  const nlattr* found = nullptr;
};

int keep_wanted(const nlattr* attribute, void* data) {
  auto& wanted = *static_cast<Wanted*>(data);
  if (mnl_attr_get_type(attribute) == wanted.type) wanted.found = attribute;
  return MNL_CB_OK;
}

const nlattr* find(const nlattr* nest, std::uint16_t type) {
  Wanted wanted{type};
  if (nest != nullptr) mnl_attr_parse_nested(nest, keep_wanted, &wanted);
  return wanted.found;
}

bool says_so(const nlmsghdr& message) {
  Wanted link_info{IFLA_LINKINFO};
  mnl_attr_parse(&message, sizeof(ifinfomsg), keep_wanted, &link_info);
  const nlattr* info = find(find(link_info.found, IFLA_INFO_DATA), IFLA_TUN_PI);
  return info != nullptr && mnl_attr_get_u8(info) != 0;
}

Result<UniqueFd> open_socket(int tun_fd, int netlink) {
  if (netlink >= 0) return UniqueFd(fcntl(netlink, F_DUPFD_CLOEXEC, 0));
  auto socket = socket_beside_tun(tun_fd, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (socket || socket.error().code != EPERM) return socket;
  return failure(socket.error().message + ", or a netlink socket from there (WG_NETLINK_FD)",
                 EPERM);
}

}  // namespace

Result<bool> passes_packet_information(int tun_fd, const std::string& name, int netlink) {
  auto socket = open_socket(tun_fd, netlink);
  if (!socket) return tl::unexpected(socket.error());
  alignas(nlmsghdr) std::array<char, kMessageRoom> buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = NLM_F_REQUEST;
  mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg));
  mnl_attr_put_strz(request, IFLA_IFNAME, name.c_str());
  const bool sent = ::send(socket->get(), request, request->nlmsg_len, 0) >= 0;
  const ssize_t size = sent ? recv(socket->get(), buffer.data(), buffer.size(), 0) : -1;
  if (size < 0) return system_failure("cannot ask for the kind of " + name, errno);
  const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
  return mnl_nlmsg_ok(answer, static_cast<int>(size)) && answer->nlmsg_type == RTM_NEWLINK &&
         says_so(*answer);
}

}  // namespace wring
