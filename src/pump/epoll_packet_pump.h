// The packet pump on epoll with a packet socket (AF_PACKET) in place of the TUN.
#pragma once

#include "io/packet_frames.h"
#include "pump/epoll_pump.h"

namespace wring {

// Made by EpollPump::create() for a queue with `frames`. What a TUN does not need is in this class,
// so that it costs the TUN nothing.
class EpollPacketPump final : public EpollPump {
 public:
  EpollPacketPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors,
                  PacketBuffers packet_buffers, PacketBuffers udp_buffers);

  Input wait() override;
  void write_packet(std::span<const iovec> parts) override;

 private:
  void on_tun_error(int error) override;

  FrameWriter frames_;
};

}  // namespace wring
