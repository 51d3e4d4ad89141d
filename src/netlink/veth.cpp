// Asks for the pair by RTM_NEWLINK, with the other end nested inside.
#include "netlink/veth.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

namespace wring {
namespace {

void put_end(nlmsghdr* message, const VethEnd& end) {
  mnl_attr_put_strz(message, IFLA_IFNAME, end.name.c_str());
  if (end.network >= 0) {
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.network));
  }
}

}  // namespace

Result<void> add_veth(RtSocket& socket, const VethEnd& one, unsigned mtu, const VethEnd& other) {
  RtRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  request.header<ifinfomsg>();
  nlmsghdr* const message = request.message();
  put_end(message, one);
  request.put(IFLA_MTU, std::uint32_t{mtu});
  nlattr* const info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
  nlattr* const data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* const peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
  message->nlmsg_len += NLMSG_ALIGN(sizeof(ifinfomsg));  // all zeros
  put_end(message, other);
  mnl_attr_nest_end(message, peer);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  const int error = socket.change(request);
  if (error == 0) return {};
  const bool unknown = error == EOPNOTSUPP;
  return system_failure("cannot make a veth pair", error,
                        unknown ? "load the module with `modprobe veth`" : "");
}

Result<void> keep_quiet(RtSocket& socket, unsigned interface) {
  RtRequest request(RTM_NEWLINK, 0);
  auto& header = request.header<ifinfomsg>();
  header.ifi_index = static_cast<int>(interface);
  header.ifi_flags = IFF_NOARP;
  header.ifi_change = IFF_NOARP;
  nlmsghdr* const message = request.message();
  nlattr* const families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
  nlattr* const v6 = mnl_attr_nest_start(message, AF_INET6);
  mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  mnl_attr_nest_end(message, v6);
  mnl_attr_nest_end(message, families);
  const int error = socket.change(request);
  if (error == 0 || error == EAFNOSUPPORT) return {};
  return system_failure("cannot keep an interface quiet", error);
}

}  // namespace wring
