// Asks what a descriptor is, and sets options of AF_PACKET.
#include "tun/packet_socket.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "ip/ip_header.h"
#include "ip/transport_header.h"

namespace wring {
namespace {

constexpr const char* kWhatToHandIn =
    "hand in a socket(AF_PACKET, SOCK_RAW) that is bound to the far end of a veth pair";
// What a TUN's queue of 4,096 packets takes. The kernel counts twice as much (socket(7)).
constexpr int kReceiveBuffer = 8 << 20;
constexpr int kSendBuffer = 4 << 20;

Result<int> option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0) return value;
  return system_failure("the descriptor is no socket", errno, kWhatToHandIn);
}

// Past the system's limit where we may, else up to it.
void enlarge(int fd, int forced, int plain, int size) {
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0) {
    setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
  }
}

Result<void> turn_on(int fd, int name, const char* what) {
  const int on = 1;
  if (setsockopt(fd, SOL_PACKET, name, &on, sizeof on) == 0) return {};
  return system_failure(std::string("cannot set ") + what + " on the packet socket", errno);
}

}  // namespace

Result<PacketBinding> check_packet_socket(int fd) {
  const auto domain = option(fd, SO_DOMAIN);
  if (!domain) return tl::unexpected(domain.error());
  const auto type = option(fd, SO_TYPE);
  if (!type) return tl::unexpected(type.error());
  if (*domain != AF_PACKET || *type != SOCK_RAW) {
    return failure(std::string("the descriptor is no packet socket of SOCK_RAW; ") + kWhatToHandIn,
                   EINVAL);
  }
  sockaddr_ll bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return system_failure("cannot ask where the packet socket is bound to", errno);
  }
  if (bound.sll_ifindex <= 0) {
    return failure(std::string("the packet socket is bound to no interface; ") + kWhatToHandIn,
                   EINVAL);
  }
  if (bound.sll_protocol != htons(ETH_P_ALL)) {
    return failure("the packet socket is not bound to all protocols; bind it to ETH_P_ALL", EINVAL);
  }
  PacketBinding binding{.ifindex = bound.sll_ifindex};
  if (bound.sll_hatype != ARPHRD_ETHER || bound.sll_halen != binding.address.size()) {
    return failure(
        std::string("the packet socket is bound to no Ethernet interface; ") + kWhatToHandIn,
        EINVAL);
  }
  std::copy_n(bound.sll_addr, binding.address.size(), binding.address.begin());
  return binding;
}

Result<void> set_up_packet_socket(int fd) {
  if (auto done = turn_on(fd, PACKET_VNET_HDR, "PACKET_VNET_HDR"); !done) return done;
  if (auto done = turn_on(fd, PACKET_IGNORE_OUTGOING, "PACKET_IGNORE_OUTGOING"); !done) return done;
  enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBuffer);
  enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  const int status = fcntl(fd, F_GETFL);
  if (status < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0) {
    return system_failure("cannot make the packet socket non-blocking", errno);
  }
  return {};
}

Result<bool> takes_udp_segmentation(int fd) {
  constexpr std::size_t kEach = 1;
  constexpr std::size_t kPayload = 2;
  constexpr std::size_t kUdpSize = sizeof(UdpHeader) + kPayload;
  struct {
    VnetHeader vnet;
    Bytes<kFrameHeaderSize> frame{};  // to an address that no interface has
    Ipv4Header ip{};
    UdpHeader udp;
    Bytes<kPayload> payload{};
  } packet;
  packet.vnet = {.flags = kVnetNeedsCsum,
                 .gso_type = kVnetGsoUdpL4,
                 .hdr_len = kFrameHeaderSize + sizeof(Ipv4Header) + sizeof(UdpHeader),
                 .gso_size = kEach,
                 .csum_start = kFrameHeaderSize + sizeof(Ipv4Header),
                 .csum_offset = offsetof(UdpHeader, checksum)};
  packet.ip.version_and_length = 0x45;
  packet.ip.total_length = sizeof(Ipv4Header) + kUdpSize;
  packet.ip.ttl = 1;
  packet.ip.protocol = IPPROTO_UDP;
  packet.udp.length = kUdpSize;
  constexpr std::size_t kTypeAt = kFrameHeaderSize - 2;
  store<Be<std::uint16_t>>(packet.frame, ETHERTYPE_IP, kTypeAt);
  if (::write(fd, &packet, sizeof packet) >= 0) return true;
  if (errno != ENETDOWN) return errno != EINVAL;
  return system_failure("cannot send by the packet socket", ENETDOWN,
                        "set the far end of the veth pair up before wring starts");
}

}  // namespace wring
