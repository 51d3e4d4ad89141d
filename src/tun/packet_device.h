// An interface that is one end of a veth pair, whose packets come and go by packet sockets at the
// other end (WG_PACKET_FD). It does a TUN's work where there is no /dev/net/tun.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/packet_frames.h"
#include "tun/tun_device.h"

namespace wring {

// Owns the sockets. The pair is the caller's. Control thread only, except that each worker drives
// one of the sockets.
class PacketDevice {
 public:
  // Takes over sockets of AF_PACKET and SOCK_RAW, one for each worker, that are bound to the far
  // end of the pair. `name` is the near end, which users see, in the network namespace of
  // `netlink`, a socket of NETLINK_ROUTE, which stays the caller's; -1: in our own. Sets all that
  // the sockets need, and keeps the near end from sending what they cannot pass on. With `offload`,
  // it may send large packets. The error says what is wrong with socket or interface, and what to
  // do.
  static Result<PacketDevice> adopt(std::vector<UniqueFd> sockets, const std::string& name,
                                    int netlink, bool offload);

  // The near end's name when it was taken over.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Non-blocking, one for each worker.
  [[nodiscard]] std::span<const UniqueFd> queues() const { return sockets_; }
  [[nodiscard]] TunOffloads offloads() const { return offloads_; }
  [[nodiscard]] const FrameAddresses& addresses() const { return addresses_; }
  // How many packets the kernel has dropped since the last call because a socket was full.
  [[nodiscard]] std::uint64_t take_lost() const;

 private:
  PacketDevice() = default;

  std::string name_;
  std::vector<UniqueFd> sockets_;
  TunOffloads offloads_;
  FrameAddresses addresses_;
};

}  // namespace wring
