// Takes packets out of frames after a wait, and puts them into frames before a write.
#include "pump/uring_packet_pump.h"

#include <cerrno>

namespace wring {

UringPacketPump::UringPacketPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors)
    : UringPump(queue, worker_index, errors), frames_(*queue.frames) {}

UringPacketPump::~UringPacketPump() {
  end();  // while the frames of what is queued are there
}

PacketPump::Input UringPacketPump::wait() {
  const Input input = UringPump::wait();
  frames_.clear();
  for (TunPacket& packet : input.packets)
    take_out_of_frame(packet);
  return input;
}

void UringPacketPump::write_packet(std::span<const iovec> parts) {
  if (!frames_.has_room(parts.size())) {
    flush();
    frames_.clear();
  }
  queue_write(frames_.frame(parts), parts);
}

void UringPacketPump::on_tun_error(int error) {
  if (error == EINVAL) return errors_.on_unreadable_packet();
  UringPump::on_tun_error(error);
}

}  // namespace wring
