// Changes one setting of an interface with each RTM_NEWLINK request.
#include "tun/link_settings.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.h"
#include "netlink/namespace_socket.h"
#include "netlink/rtnetlink.h"

namespace wring {
namespace {

constexpr const char* kRedirectsOfAll = "/proc/sys/net/ipv4/conf/all/send_redirects";

// `fill` adds the setting to the request's header.
template <typename Fill>
Result<void> change(int tun_fd, const std::string& name, const std::string& what, Fill fill) {
  auto netlink = socket_beside_tun(tun_fd, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (!netlink) return tl::unexpected(netlink.error());
  RtRequest request(RTM_NEWLINK, 0);
  request.header<ifinfomsg>();
  mnl_attr_put_strz(request.message(), IFLA_IFNAME, name.c_str());
  fill(request.message());
  const int error = RtSocket(std::move(*netlink)).change(request);
  if (error == 0) return {};
  return system_failure("cannot " + what + " " + name, error);
}

// The host has no such address family, or the interface takes no part in it (IPv6 below an MTU of
// 1280).
bool is_absent(const Result<void>& changed) {
  return !changed && (changed.error().code == EAFNOSUPPORT || changed.error().code == EOPNOTSUPP);
}

}  // namespace

Result<void> set_queue_length(int tun_fd, const std::string& name, unsigned packets) {
  return change(tun_fd, name, "set the queue length to " + std::to_string(packets) + " of",
                [packets](nlmsghdr* header) { mnl_attr_put_u32(header, IFLA_TXQLEN, packets); });
}

Result<void> forbid_kernel_made_addresses(int tun_fd, const std::string& name) {
  auto changed =
      change(tun_fd, name, "turn off IPv6 addresses of the kernel's own on", [](nlmsghdr* header) {
        nlattr* families = mnl_attr_nest_start(header, IFLA_AF_SPEC);
        nlattr* v6 = mnl_attr_nest_start(header, AF_INET6);
        mnl_attr_put_u8(header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        mnl_attr_nest_end(header, v6);
        mnl_attr_nest_end(header, families);
      });
  if (is_absent(changed)) return {};
  return changed;
}

Result<void> forbid_redirects(int tun_fd, const std::string& name) {
  auto changed = change(tun_fd, name, "turn off redirects on", [](nlmsghdr* header) {
    nlattr* families = mnl_attr_nest_start(header, IFLA_AF_SPEC);
    nlattr* v4 = mnl_attr_nest_start(header, AF_INET);
    nlattr* settings = mnl_attr_nest_start(header, IFLA_INET_CONF);
    mnl_attr_put_u32(header, IPV4_DEVCONF_SEND_REDIRECTS, 0);
    mnl_attr_nest_end(header, settings);
    mnl_attr_nest_end(header, v4);
    mnl_attr_nest_end(header, families);
  });
  if (is_absent(changed)) return {};
  return changed;
}

bool forbid_redirects_of_all() {
  const UniqueFd setting(::open(kRedirectsOfAll, O_WRONLY | O_CLOEXEC));
  return setting && write(setting.get(), "0", 1) == 1;
}

}  // namespace wring
