// The TUN interface: made by name, or taken over as an open descriptor (WG_TUN_FD).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

inline constexpr unsigned kMaxTunMtu = 65500;
// Packets that the kernel holds for a reader that is late. With the kernel's default of 500 it
// drops packets in the bursts of a single TCP stream.
inline constexpr unsigned kTunQueueLength = 4096;

// What passes between the kernel and a reader of the interface besides bare packets.
struct TunOffloads {
  bool vnet_header = false;       // a VnetHeader of 10 bytes precedes every packet
  bool udp_segmentation = false;  // one UDP packet may stand for many (USO, Linux 6.2)

  friend bool operator==(const TunOffloads&, const TunOffloads&) = default;
};

// Owns the descriptors of one interface. An interface that create() made is deleted by the kernel
// when all of them, and every request in flight on them, are closed. Control thread only, except
// that each worker drives one of the descriptors.
class TunDevice {
 public:
  // Makes the interface `name` ("wg0", or a pattern such as "wg%d") with `queues` queues. It is
  // down. With `offload`, packets carry a VnetHeader and may be as large as the kernel has them;
  // offloads() tells what this kernel can do.
  //
  // Refuses a name that exists, even that of a persistent TUN, to which the kernel would attach us
  // silently: it may be somebody else's, it has another's settings, and it would outlive this
  // program. Hand such an interface in as a descriptor. Errors: EBUSY (taken), EINVAL (bad name,
  // MTU or number of queues), EPERM, ENOENT (no /dev/net/tun).
  static Result<TunDevice> create(const std::string& name, unsigned queues, unsigned mtu = 1500,
                                  bool offload = false);
  // Takes over an open TUN descriptor as the only queue. MTU and queue length stay as they are.
  // The program that opened it decided whether packets carry a VnetHeader. If they do, `offload`
  // says whether large ones may come. Refuses TAP mode and packet information, because the kernel
  // does not let us change these.
  // `netlink` is a socket of NETLINK_ROUTE in the interface's network namespace, for a process that
  // may not enter that; -1: there is none.
  static Result<TunDevice> adopt(UniqueFd fd, bool offload = false, int netlink = -1);

  // The interface's name when it was opened.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Non-blocking, one for each worker.
  [[nodiscard]] std::span<const UniqueFd> queues() const { return queues_; }
  // The same for all queues.
  [[nodiscard]] TunOffloads offloads() const { return offloads_; }

  // All of these act on the interface wherever it is now, also in another network namespace. A
  // thread that is confined can do that only in its own.
  [[nodiscard]] Result<unsigned> mtu() const;
  [[nodiscard]] Result<void> set_mtu(unsigned mtu) const;
  // Sets kTunQueueLength. The interface also works without. Does nothing to an adopted one.
  [[nodiscard]] Result<void> lengthen_queue() const;
  // Keeps the kernel from sending packets of its own over the interface: no link-local address, no
  // router solicitations, no redirects. Call it before the interface is set up. A move to another
  // namespace undoes it, because the kernel begins with its defaults there. The interface also
  // works without. Does nothing to an adopted one.
  [[nodiscard]] Result<void> keep_silent() const;
  // Turns IPv4 redirects off for all interfaces of the process's network namespace, as the kernel's
  // module does: the kernel sends them if either "all" or the interface has them on. False if /proc
  // does not let us. Leaves "all" alone for an adopted interface.
  [[nodiscard]] bool turn_redirects_off_for_all() const;
  // False once the interface was deleted. True after a move to another network namespace.
  [[nodiscard]] bool still_exists() const;

 private:
  TunDevice(std::string name, std::vector<UniqueFd> queues, TunOffloads offloads, bool made_here);

  std::string name_;
  std::vector<UniqueFd> queues_;
  TunOffloads offloads_;
  bool made_here_;  // by create(); an adopted interface keeps its owner's settings
};

}  // namespace wring
