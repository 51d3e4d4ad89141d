// How both pumps read a queue of the TUN, or the packet socket in its place.
#pragma once

#include <optional>

#include "io/packet_buffers.h"
#include "io/packet_frames.h"
#include "ip/packets.h"

namespace wring {

// The descriptor is non-blocking, stays the caller's and outlives all that uses it.
struct TunQueue {
  int fd = -1;
  bool vnet_header = false;  // it passes a VnetHeader in front of each packet
  // Of a packet socket (AF_PACKET), whose packets are in frames behind a VnetHeader. None: a TUN.
  std::optional<FrameAddresses> frames{};
};

// Buffers for one packet each, and for the headers in front of it if the queue passes any. The
// packet begins a cache line.
PacketBuffers::Shape tun_buffer_shape(const TunQueue& queue);

// Splits the bytes of one read() into virtio header and packet.
TunPacket packet_in(MutByteSpan bytes, bool vnet_header);

// Whether the interface was deleted, after a read that failed with `error`.
bool tun_is_deleted(int tun_fd, int error);

}  // namespace wring
