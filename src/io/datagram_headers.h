// What goes beside the bytes of a datagram through sendmsg and recvmsg: remote address, local
// address and interface (IP_PKTINFO, IPV6_PKTINFO), TOS or traffic class, and the size of each
// datagram where one call carries many (UDP_SEGMENT, UDP_GRO). The sockets are of one family each.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

#include "ip/packets.h"

namespace wring {

// A multiple of 16 above the largest address, so that what lies behind it in a buffer is aligned.
inline constexpr std::size_t kNameRoom = 32;
static_assert(kNameRoom >= sizeof(sockaddr_in6));

// IPv6 needs the most: the packet information, the traffic class, the hop limit (on send alone) and
// the size of the datagrams, which is an int on receive. Rounded up for what lies behind it, too.
inline constexpr std::size_t kControlRoom = 112;
static_assert(kControlRoom >= CMSG_SPACE(sizeof(in6_pktinfo)) + 3 * CMSG_SPACE(sizeof(int)));

// The arguments of one sendmsg. It points into itself, so it is filled where it stays.
class SendHeader {
 public:
  SendHeader() = default;
  SendHeader(const SendHeader&) = delete;
  SendHeader& operator=(const SendHeader&) = delete;

  // Refers to the endpoint and the payload, which stay valid until the datagram was sent. A source
  // that the endpoint knows becomes the datagram's source address. The interface does not overrule
  // the routing table (a host may well be asked on one interface and answer on another); only a
  // link-local source needs it, having no meaning without. Unlike here, the kernel's module drops
  // the source as soon as the route leads through another interface than it came by.
  void fill(const OutgoingDatagram& datagram);

  [[nodiscard]] const msghdr& message() const { return message_; }

 private:
  msghdr message_{};
  iovec payload_{};
  alignas(cmsghdr) std::byte control_[kControlRoom];
};

// Reads what recvmsg told: `name` is the sender's address, `control` the control messages. False if
// the address is of neither family.
[[nodiscard]] bool read_headers(ByteSpan name, ByteSpan control, ReceivedDatagram& datagram);

}  // namespace wring
