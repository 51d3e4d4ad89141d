// The interface of the inner side, whichever way its packets come: from a TUN, from packet sockets,
// or from a TCP/IP stack in another process.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/worker.h"
#include "io/tun_queue.h"
#include "netlink/link_monitor.h"
#include "tun/packet_device.h"
#include "tun/stack_device.h"
#include "tun/tun_device.h"

namespace wring {

// The descriptors that say where the interface is. All may be empty: then it is made.
struct HandedInInterface {
  UniqueFd tun;                   // an open TUN (WG_TUN_FD)
  std::vector<UniqueFd> packets;  // packet sockets, one for each worker (WG_PACKET_FD)
  UniqueFd netlink;               // of the interface's network namespace (WG_NETLINK_FD)
  UniqueFd stack;                 // to a TCP/IP stack in another process (WG_STACK_FD)
  unsigned stack_mtu = 0;         // bytes (WG_STACK_MTU)
};

// Control thread only, except that each worker drives one queue.
class InnerInterface {
 public:
  // Makes the interface `name` with `workers` queues, or takes over what was handed in; then as
  // many workers are needed as there are queues. Watches it from then on. The error says what to
  // do.
  static Result<InnerInterface> open(HandedInInterface handed_in, const std::string& name,
                                     unsigned workers, bool offload);

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] unsigned queue_count() const;
  // What a pump needs of one of them.
  [[nodiscard]] TunQueue queue(unsigned index) const;
  // What passes by its queues, if `offload` asks for all.
  [[nodiscard]] Offloads offloads(bool offload) const;
  // Whether a TUN is still there. Of another interface only the monitor tells.
  [[nodiscard]] bool still_exists() const;
  // How many packets were lost since the last call because a queue was full, as far as the kernel
  // says: a TUN counts them at the interface.
  [[nodiscard]] std::uint64_t take_lost() const;
  [[nodiscard]] LinkMonitor& monitor() { return monitor_; }

 private:
  using Device = std::variant<TunDevice, PacketDevice, StackDevice>;

  InnerInterface(Device device, LinkMonitor monitor)
      : device_(std::move(device)), monitor_(std::move(monitor)) {}
  static Result<Device> open_device(HandedInInterface& handed_in, const std::string& name,
                                    unsigned workers, bool offload);

  Device device_;
  LinkMonitor monitor_;
};

}  // namespace wring
