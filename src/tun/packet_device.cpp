// Takes over packet sockets, and asks netlink for the interface that they serve.
#include "tun/packet_device.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "netlink/rtnetlink.h"
#include "tun/link_features.h"
#include "tun/packet_socket.h"

namespace wring {
namespace {

// PACKET_FANOUT_FLAG_IGNORE_OUTGOING. Before Linux 6.2 it does nothing, but is taken as well.
constexpr int kIgnoreOutgoing = 0x4000;

// What netlink says of the near end.
struct NearEnd {
  unsigned flags = 0;  // IFF_...
  std::vector<std::uint8_t> address;
};

Result<NearEnd> ask_for(const std::string& name, int netlink) {
  auto socket = RtSocket(UniqueFd(fcntl(netlink, F_DUPFD_CLOEXEC, 0)));
  RtRequest request(RTM_GETLINK, 0);
  request.header<ifinfomsg>();
  mnl_attr_put_strz(request.message(), IFLA_IFNAME, name.c_str());
  NearEnd found;
  const int error = socket.ask(request, [&found](const nlmsghdr& answer) {
    if (answer.nlmsg_type != RTM_NEWLINK) return;
    found.flags = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&answer))->ifi_flags;
    for_each_attribute(answer, sizeof(ifinfomsg), [&found](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) != IFLA_ADDRESS) return;
      const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(&attribute));
      found.address.assign(bytes, bytes + mnl_attr_get_payload_len(&attribute));
    });
  });
  if (error == 0) return found;
  return system_failure("cannot find the interface " + name, error,
                        "make it, and hand in a netlink socket of its namespace (WG_NETLINK_FD)");
}

Result<FrameAddresses> addresses_between(const std::string& name, int netlink,
                                         const PacketBinding& far) {
  const auto near = ask_for(name, netlink);
  if (!near) return tl::unexpected(near.error());
  FrameAddresses addresses{.from = far.address};
  if (near->address.size() != addresses.to.size()) {
    return failure("the interface " + name + " is no Ethernet interface; make it a veth", EINVAL);
  }
  if ((near->flags & IFF_NOARP) == 0) {
    return failure(
        "the interface " + name +
            " would ask for addresses by ARP, which nobody answers; turn it off with `ip "
            "link set " +
            name + " arp off`",
        EINVAL);
  }
  std::copy(near->address.begin(), near->address.end(), addresses.to.begin());
  return addresses;
}

// Each flow goes to one of them.
Result<void> share_out(std::span<const UniqueFd> sockets) {
  if (sockets.size() < 2) return {};
  // The group does not see PACKET_IGNORE_OUTGOING of its sockets.
  int group = (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID | kIgnoreOutgoing) << 16;
  for (const UniqueFd& socket : sockets) {
    int present = 0;
    socklen_t size = sizeof present;
    getsockopt(socket.get(), SOL_PACKET, PACKET_FANOUT, &present, &size);
    if (present != 0) {
      if (&socket != &sockets.front() && present != group) {
        return failure("the packet sockets are not all in one fanout group; hand in new ones",
                       EINVAL);
      }
      group = present;
      continue;
    }
    if (setsockopt(socket.get(), SOL_PACKET, PACKET_FANOUT, &group, sizeof group) != 0) {
      return system_failure("cannot share packets out to several sockets", errno);
    }
    // The kernel has made up a number, which the next ones have to name.
    getsockopt(socket.get(), SOL_PACKET, PACKET_FANOUT, &group, &size);
  }
  return {};
}

}  // namespace

Result<PacketDevice> PacketDevice::adopt(std::vector<UniqueFd> sockets, const std::string& name,
                                         int netlink, bool offload) {
  PacketDevice device;
  device.name_ = name;
  int ifindex = 0;
  PacketBinding far;
  for (const UniqueFd& socket : sockets) {
    auto binding = check_packet_socket(socket.get());
    if (!binding) return tl::unexpected(binding.error());
    if (ifindex != 0 && binding->ifindex != ifindex) {
      return failure("the packet sockets are bound to different interfaces; bind them to one",
                     EINVAL);
    }
    ifindex = binding->ifindex;
    far = *binding;
    if (auto done = set_up_packet_socket(socket.get()); !done) return tl::unexpected(done.error());
  }
  UniqueFd ours;
  if (netlink < 0) {
    ours.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!ours) return system_failure("cannot open a netlink socket", errno);
    netlink = ours.get();
  }
  auto addresses = addresses_between(name, netlink, far);
  if (!addresses) return tl::unexpected(addresses.error());
  device.addresses_ = *addresses;
  const auto udp = takes_udp_segmentation(sockets.front().get());
  if (!udp) return tl::unexpected(udp.error());
  device.offloads_ = {.vnet_header = true, .udp_segmentation = *udp};
  const LargePackets large{.tcp = offload, .udp = offload && *udp};
  if (auto done = limit_features(netlink, name, large); !done) return tl::unexpected(done.error());
  if (auto done = share_out(sockets); !done) return tl::unexpected(done.error());
  device.sockets_ = std::move(sockets);
  return device;
}

std::uint64_t PacketDevice::take_lost() const {
  std::uint64_t lost = 0;
  for (const UniqueFd& socket : sockets_) {
    // The kernel begins anew with every question.
    tpacket_stats since{};
    socklen_t size = sizeof since;
    if (getsockopt(socket.get(), SOL_PACKET, PACKET_STATISTICS, &since, &size) == 0) {
      lost += since.tp_drops;
    }
  }
  return lost;
}

}  // namespace wring
