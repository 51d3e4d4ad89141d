// Tries what new kernels can do first, because an old one refuses flags that it does not know.
#include "tun/tun_offloads.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace wring {
namespace {

constexpr int kVnetHeaderSize = 10;

// UDP segmentation came with Linux 6.2, whose headers also have names for these two.
constexpr unsigned kUso4 = 0x20;  // TUN_F_USO4
constexpr unsigned kUso6 = 0x40;  // TUN_F_USO6
constexpr unsigned kTso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
constexpr unsigned kUso = kTso | kUso4 | kUso6;

bool set_offloads(int tun_fd, unsigned flags) {
  return ioctl(tun_fd, TUNSETOFFLOAD, static_cast<unsigned long>(flags)) == 0;
}

}  // namespace

void forbid_offloads(int tun_fd) {
  set_offloads(tun_fd, 0);
}

Result<TunOffloads> use_vnet_header(int tun_fd, bool large) {
  const int size = kVnetHeaderSize;
  if (ioctl(tun_fd, TUNSETVNETHDRSZ, &size) != 0) {
    return system_failure("cannot set the size of the interface's virtio header", errno);
  }
  TunOffloads offloads{.vnet_header = true};
  if (!large) {
    forbid_offloads(tun_fd);
  } else if (set_offloads(tun_fd, kUso)) {
    offloads.udp_segmentation = true;
  } else {
    set_offloads(tun_fd, kTso);
  }
  return offloads;
}

}  // namespace wring
