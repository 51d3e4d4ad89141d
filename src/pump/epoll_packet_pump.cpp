// Takes packets out of frames after a wait, and puts them into frames before a write.
#include "pump/epoll_packet_pump.h"

#include <cerrno>
#include <utility>

namespace wring {

EpollPacketPump::EpollPacketPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors,
                                 PacketBuffers packet_buffers, PacketBuffers udp_buffers)
    : EpollPump(queue, worker_index, errors, std::move(packet_buffers), std::move(udp_buffers)),
      frames_(*queue.frames) {}

PacketPump::Input EpollPacketPump::wait() {
  const Input input = EpollPump::wait();
  for (TunPacket& packet : input.packets)
    take_out_of_frame(packet);
  return input;
}

void EpollPacketPump::write_packet(std::span<const iovec> parts) {
  write_at_once(frames_.frame(parts), parts);
  frames_.clear();
}

void EpollPacketPump::on_tun_error(int error) {
  if (error == EINVAL) return errors_.on_unreadable_packet();
  EpollPump::on_tun_error(error);
}

}  // namespace wring
