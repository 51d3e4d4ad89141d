// A queue of the TUN as both pumps read it.
#pragma once

#include "io/packet_buffers.h"
#include "ip/packets.h"

namespace wring {

// For one packet and, where the TUN passes it, the header in front. The packet begins with a cache
// line.
PacketBuffers::Shape tun_buffer_shape(bool vnet_header);

// What one read() gave, which is all of `bytes`.
TunPacket packet_in(MutByteSpan bytes, bool vnet_header);

// Whether a read that failed with `error` says that the interface was deleted.
bool tun_is_deleted(int tun_fd, int error);

}  // namespace wring
