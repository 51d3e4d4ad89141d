// Makes a TUN or a veth pair, and a netlink socket beside it.
#include "exec/inner_interface.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "exec/namespaces.h"
#include "netlink/network_changes.h"
#include "netlink/network_facts.h"
#include "netlink/rtnetlink.h"
#include "netlink/veth.h"
#include "tun/tun_device.h"

namespace wring::exec {
namespace {

constexpr unsigned kMtu = 1420;  // until it is set
// The kernel compares it with what comes from the near end.
constexpr unsigned kFarMtu = 65535;
constexpr const char* kFarName = "far";

Result<UniqueFd> make_tun(const std::string& name) {
  auto tun = TunDevice::create(name, 1, kMtu, true);
  if (!tun) return tl::unexpected(tun.error());
  // Both only make it faster and quieter.
  if (!tun->lengthen_queue() || !tun->keep_silent()) errno = 0;
  UniqueFd queue(fcntl(tun->queues().front().get(), F_DUPFD_CLOEXEC, 0));
  if (!queue) return system_failure("cannot make a descriptor for " + name, errno);
  return queue;
}

Result<UniqueFd> packet_socket(unsigned interface) {
  UniqueFd made(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll where{};
  where.sll_family = AF_PACKET;
  where.sll_protocol = htons(ETH_P_ALL);
  where.sll_ifindex = static_cast<int>(interface);
  if (made && bind(made.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0) return made;
  return system_failure("cannot make a packet socket", errno);
}

// The far end, in a new network namespace of the calling thread, which the socket keeps alive. No
// address and no other program is there, so nobody but the socket's owner sees what passes.
Result<UniqueFd> make_pair(const std::string& near, int near_network) {
  if (auto made = make_network_namespace(); !made) return tl::unexpected(made.error());
  auto routing = RtSocket::open();
  if (!routing) return tl::unexpected(routing.error());
  if (auto added = add_veth(*routing, {kFarName}, kFarMtu, {near, near_network}); !added) {
    return tl::unexpected(added.error());
  }
  const auto far = index_of(*routing, kFarName);
  if (!far) return tl::unexpected(far.error());
  if (auto quiet = keep_quiet(*routing, *far); !quiet) return tl::unexpected(quiet.error());
  if (auto up = set_up(*routing, *far, kFarMtu); !up) return tl::unexpected(up.error());
  return packet_socket(*far);
}

Result<UniqueFd> make_veth(const std::string& name) {
  const UniqueFd here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!here) return system_failure("cannot open a namespace", errno, "mount /proc");
  Result<UniqueFd> packets;
  std::thread([&] { packets = make_pair(name, here.get()); }).join();
  if (!packets) return packets;
  auto routing = RtSocket::open();
  if (!routing) return tl::unexpected(routing.error());
  const auto near = index_of(*routing, name);
  if (!near) return tl::unexpected(near.error());
  if (auto quiet = keep_quiet(*routing, *near); !quiet) return tl::unexpected(quiet.error());
  return packets;
}

}  // namespace

const char* variable_of(InnerInterface::Kind kind) {
  switch (kind) {
    case InnerInterface::Kind::kTun:
      return "WG_TUN_FD";
    case InnerInterface::Kind::kPacketSocket:
      return "WG_PACKET_FD";
    case InnerInterface::Kind::kStack:
      break;
  }
  return "WG_STACK_FD";
}

Result<InnerInterface> make_inner_interface(const std::string& name) {
  InnerInterface made;
  auto packets = make_tun(name);
  if (!packets) {
    const std::string why = packets.error().message;
    made.kind = InnerInterface::Kind::kPacketSocket;
    packets = make_veth(name);
    if (!packets) return failure(packets.error().message + " (and " + why + ")");
  }
  made.packets = std::move(*packets);
  made.netlink.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!made.netlink) return system_failure("cannot make a netlink socket", errno);
  return made;
}

}  // namespace wring::exec
