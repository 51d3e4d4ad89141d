// The UDP sockets of the device: for each worker one of IPv4 and one of IPv6, all on one port.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/packets.h"
#include "steering/steering.h"

namespace wring {

// What a socket has for datagrams that wait. Bytes.
struct SocketRoom {
  int wanted = 0;
  int got = 0;
};

// Shared by the control thread and the workers; the sockets are closed when the last of them
// releases them. Nothing in it changes after open(), so every const method may be called by any
// thread.
class UdpSockets {
 public:
  // Binds to `port`, the same for both families; 0 picks a free one. `fwmark` 0 sets no mark. A
  // host that has only one of the families works with that one (P30). A port that somebody else
  // holds is refused with EADDRINUSE, even if they share it by SO_REUSEPORT. So is a port that
  // sockets of an earlier open() still hold. With `offload`, datagrams may come joined
  // (ReceivedDatagram::segment_size), if the kernel can. `spread` says how
  // many sockets there are of each family, and which one a datagram comes to.
  static Result<std::shared_ptr<UdpSockets>> open(std::uint16_t port, std::uint32_t fwmark,
                                                  const SocketSpread& spread, bool offload = false);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // -1 where the host lacks the family.
  [[nodiscard]] int fd_v4(unsigned worker) const { return fd_of(v4_, worker); }
  [[nodiscard]] int fd_v6(unsigned worker) const { return fd_of(v6_, worker); }
  // Of each socket. It got less than wanted where a limit of the system binds us (net.core.rmem_max
  // and wmem_max), because it takes CAP_NET_ADMIN of the host to go past it.
  [[nodiscard]] SocketRoom receive_room() const { return receive_room_; }
  [[nodiscard]] SocketRoom send_room() const { return send_room_; }
  [[nodiscard]] Result<void> set_fwmark(std::uint32_t fwmark) const;

  // Sends one datagram at once, without blocking. Returns 0 or the errno: EAFNOSUPPORT if the host
  // lacks the family, EAGAIN if the socket's buffer is full. If the endpoint has a source that is
  // no address of the host any more, it is EINVAL or ENETUNREACH, by kernel and family; the caller
  // forgets the source and sends once more (P29).
  [[nodiscard]] int send(unsigned worker, const OutgoingDatagram& datagram) const;

 private:
  UdpSockets() = default;
  static int fd_of(const std::vector<UniqueFd>& sockets, unsigned worker) {
    return sockets.empty() ? -1 : sockets[worker].get();
  }

  std::vector<UniqueFd> v4_;  // empty where the host lacks the family
  std::vector<UniqueFd> v6_;
  std::uint16_t port_ = 0;
  SocketRoom receive_room_;
  SocketRoom send_room_;
};

}  // namespace wring
