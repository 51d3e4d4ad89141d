// Turns on and off what the kernel may leave for us to do: checksums, and splitting large packets.
#pragma once

#include "base/result.h"
#include "tun/tun_device.h"

namespace wring {

// For an interface with IFF_VNET_HDR. Makes its VnetHeader 10 bytes long. With `large`, the kernel
// may pass packets that lack their checksums or hold many segments; without, it may not. Leaves out
// what the kernel is too old for. Acts on all queues of the interface.
Result<TunOffloads> use_vnet_header(int tun_fd, bool large);

// Turns all offloads off. Without IFF_VNET_HDR the kernel has no header in which to say that a
// checksum or a split is still pending. A former owner of the interface may have turned them on.
void forbid_offloads(int tun_fd);

}  // namespace wring
