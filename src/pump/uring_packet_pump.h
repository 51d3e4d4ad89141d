// The packet pump on io_uring with a packet socket (AF_PACKET) in place of the TUN.
#pragma once

#include "io/packet_frames.h"
#include "pump/uring_pump.h"

namespace wring {

// Made by UringPump::create() for a queue with `frames`. What a TUN does not need is in this class,
// so that it costs the TUN nothing.
class UringPacketPump final : public UringPump {
 public:
  UringPacketPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors);
  ~UringPacketPump() override;

  Input wait() override;
  void write_packet(std::span<const iovec> parts) override;

 private:
  void on_tun_error(int error) override;

  FrameWriter frames_;
};

}  // namespace wring
