// How both pumps read a queue of the TUN.
#pragma once

#include "io/packet_buffers.h"
#include "ip/packets.h"

namespace wring {

// The descriptor is non-blocking, stays the caller's and outlives all that uses it.
struct TunQueue {
  int fd = -1;
  bool vnet_header = false;  // it passes a VnetHeader in front of each packet
};

// For one packet and, where the TUN passes it, the header in front. The packet begins with a cache
// line.
PacketBuffers::Shape tun_buffer_shape(bool vnet_header);

// What one read() gave, which is all of `bytes`.
TunPacket packet_in(MutByteSpan bytes, bool vnet_header);

// Whether a read that failed with `error` says that the interface was deleted.
bool tun_is_deleted(int tun_fd, int error);

}  // namespace wring
