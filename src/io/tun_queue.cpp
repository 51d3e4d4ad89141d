// Splits what a TUN passes, and tells whether it was deleted.
#include "io/tun_queue.h"

#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace wring {

PacketBuffers::Shape tun_buffer_shape(const TunQueue& queue) {
  const std::size_t header =
      (queue.vnet_header ? sizeof(VnetHeader) : 0) + (queue.frames ? kFrameHeaderSize : 0);
  return {.size = header + kMaxPacket, .aligned_at = header, .tail_room = kPacketTailRoom};
}

TunPacket packet_in(MutByteSpan bytes, bool vnet_header) {
  if (!vnet_header) return {{}, bytes};
  // The kernel always writes the whole header, so this is no packet.
  if (bytes.size() < sizeof(VnetHeader)) return {};
  return {load<VnetHeader>(bytes), bytes.subspan(sizeof(VnetHeader))};
}

bool tun_is_deleted(int tun_fd, int error) {
  ifreq interface {};
  // Which error a read gives after a deletion depends on the moment, so the TUN is asked.
  return error == EBADFD || (ioctl(tun_fd, TUNGETIFF, &interface) != 0 && errno == EBADFD);
}

}  // namespace wring
