// The UDP sockets of the device: for each worker one of IPv4 and one of IPv6, all on one port.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/packets.h"

namespace wring {

// Shared by the control thread and the workers; the sockets are closed when the last of them lets
// go. Nothing in it changes after open(), so every const method may be called by any thread.
class UdpSockets {
 public:
  // Binds to `port`, the same for both families; 0 picks a free one. `fwmark` 0 sets no mark. A
  // host that has only one of the families works with that one (P30). A port that anyone else holds
  // is refused with EADDRINUSE, also if the other side shares its port by SO_REUSEPORT; so is one
  // that sockets of an earlier open() hold as long as a worker has not let go of them. With
  // `offload` datagrams may come joined (ReceivedDatagram::segment_size), where the kernel can.
  static Result<std::shared_ptr<UdpSockets>> open(std::uint16_t port, std::uint32_t fwmark,
                                                  unsigned workers, bool offload = false);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // -1 where the host lacks the family.
  [[nodiscard]] int fd_v4(unsigned worker) const { return fd_of(v4_, worker); }
  [[nodiscard]] int fd_v6(unsigned worker) const { return fd_of(v6_, worker); }
  [[nodiscard]] Result<void> set_fwmark(std::uint32_t fwmark) const;

  // Sends one datagram at once, without blocking: 0, or the errno (EAFNOSUPPORT where the host
  // lacks the family, EAGAIN when the socket's buffer is full). If the endpoint names a source,
  // the error may be that this is no address of the host any more (EINVAL or ENETUNREACH, by kernel
  // and family): the caller forgets the source and sends once more (P29).
  [[nodiscard]] int send(unsigned worker, const OutgoingDatagram& datagram) const;
  // The same, but waits for room in a full buffer for as long as `patience` lasts, of which the
  // time that it took is subtracted.
  [[nodiscard]] int send(unsigned worker, const OutgoingDatagram& datagram,
                         std::chrono::milliseconds& patience) const;

 private:
  UdpSockets() = default;
  static int fd_of(const std::vector<UniqueFd>& sockets, unsigned worker) {
    return sockets.empty() ? -1 : sockets[worker].get();
  }

  std::vector<UniqueFd> v4_;  // empty where the host lacks the family
  std::vector<UniqueFd> v6_;
  std::uint16_t port_ = 0;
};

}  // namespace wring
