// The addresses and control messages of sendmsg and recvmsg: remote address, local address and
// interface (IP_PKTINFO, IPV6_PKTINFO), TOS or traffic class, and the size of each datagram if one
// call carries many (UDP_SEGMENT, UDP_GRO). The sockets are of one family each.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>

#include "ip/packets.h"

namespace wring {

// A multiple of 16 above the largest address, so that the data behind it in a buffer is aligned.
inline constexpr std::size_t kNameRoom = 32;
static_assert(kNameRoom >= sizeof(sockaddr_in6));

// IPv6 needs the most: the packet information, the traffic class, the hop limit (on send alone) and
// the size of the datagrams, which is an int on receive. Rounded up for alignment, too.
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
  // the routing table: only a link-local source needs it, because it has no meaning without. A
  // source that the routing table contradicts was refused before (device/source_follower.h), and
  // then the kernel chooses.
  void fill(const OutgoingDatagram& datagram);

  [[nodiscard]] const msghdr& message() const { return message_; }

 private:
  msghdr message_{};
  iovec payload_{};
  alignas(cmsghdr) std::byte control_[kControlRoom];
};

// Reads the results of recvmsg: `name` is the sender's address, `control` the control messages.
// False if the address is of neither family.
[[nodiscard]] bool read_headers(ByteSpan name, ByteSpan control, ReceivedDatagram& datagram);

}  // namespace wring
