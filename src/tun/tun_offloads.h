// How a TUN with IFF_VNET_HDR is set up.
#pragma once

#include "base/result.h"
#include "tun/tun_device.h"

namespace wring {

// Makes the VnetHeader of an interface with IFF_VNET_HDR 10 bytes long, and lets the kernel pass
// packets with checksums still to be made and many segments in one (`large`), or forbids it. What a
// kernel is too old for is left out. Concerns all queues of the interface.
Result<TunOffloads> use_vnet_header(int tun_fd, bool large);

// Has the kernel pass whole packets only. Without IFF_VNET_HDR it would not say what is left to be
// done to others, and an interface keeps what a former owner allowed.
void forbid_offloads(int tun_fd);

}  // namespace wring
