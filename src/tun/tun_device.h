// The TUN interface: made by name, or taken over as an open descriptor (WG_TUN_FD).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

inline constexpr unsigned kDefaultTunMtu = 1420;  // 1500 - 40 (IPv6) - 8 (UDP) - 32 (WireGuard)
inline constexpr unsigned kMaxTunMtu = 65500;
// Packets that the kernel holds for a reader that is late. The kernel's own default of 500 drops
// the bursts of a single TCP stream.
inline constexpr unsigned kTunQueueLength = 4096;

// What passes between the kernel and a reader of the interface besides bare packets.
struct TunOffloads {
  bool vnet_header = false;       // every packet has a VnetHeader in front, of 10 bytes
  bool udp_segmentation = false;  // so may UDP come and go as one packet for many (USO, Linux 6.2)

  friend bool operator==(const TunOffloads&, const TunOffloads&) = default;
};

// Owns the descriptors of one interface. An interface that create() made lives as long as they do:
// it is gone once all of them, and every request in flight on them, are closed. Control thread
// only, but for the descriptors, of which each worker drives its own.
class TunDevice {
 public:
  // Makes the interface `name` ("wg0", or a pattern as "wg%d") with `queues` queues. An interface
  // that exists already is refused, also a persistent TUN to which the kernel would silently
  // attach: it may be somebody else's, has another's settings, and would outlive this program. Such
  // a one is handed in as a descriptor. With `offload` packets come with a VnetHeader and as large
  // as the kernel has them, as far as it can; offloads() tells. Errors: EBUSY (taken), EINVAL (bad
  // name, MTU or number of queues), EPERM, ENOENT (no /dev/net/tun).
  static Result<TunDevice> create(const std::string& name, unsigned queues,
                                  unsigned mtu = kDefaultTunMtu, bool offload = false);
  // Takes over an open TUN descriptor as its only queue; MTU and queue length stay as they are.
  // Whether packets have a VnetHeader was decided when it was opened; if they have, `offload` says
  // whether large ones come. One in TAP mode or with packet information is refused, for the kernel
  // does not let these be changed any more.
  static Result<TunDevice> adopt(UniqueFd fd, bool offload = false);

  // The name that the interface bore when it was opened.
  [[nodiscard]] const std::string& name() const { return name_; }
  // Non-blocking, one for each worker.
  [[nodiscard]] std::span<const UniqueFd> queues() const { return queues_; }
  // The same for all queues.
  [[nodiscard]] TunOffloads offloads() const { return offloads_; }

  // Both act wherever the interface is now, also in another network namespace.
  [[nodiscard]] Result<unsigned> mtu() const;
  [[nodiscard]] Result<void> set_mtu(unsigned mtu) const;
  // False once the interface was deleted. A move to another network namespace is no deletion.
  [[nodiscard]] bool still_exists() const;

 private:
  TunDevice(std::string name, std::vector<UniqueFd> queues, TunOffloads offloads);

  std::string name_;
  std::vector<UniqueFd> queues_;
  TunOffloads offloads_;
};

}  // namespace wring
