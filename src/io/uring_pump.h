// The packet pump on io_uring: input arrives by requests that stay armed (multishot) in buffers
// that the kernel picks, output leaves in batches of one system call.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/packet_pump.h"

namespace wring {

struct UringOptions {
  // Linux 6.7 reads a TUN by a request that stays armed. Where that is missing, or this is false,
  // the pump polls the TUN and reads it by read().
  bool multishot_tun_read = true;
};

class UringPump final : public PacketPump {
 public:
  // Makes the pump of worker `worker_index` (its sockets of UdpSockets) for the TUN queue `tun_fd`,
  // which is non-blocking, stays the caller's and outlives the pump. Any thread may create it; the
  // thread that first calls wait() is then the only one that may call wait(), send() and
  // write_tun(), and should be the one that destroys it: only there can what is in flight be ended,
  // so that sockets and TUN are let go of when the destructor returns. Needs Linux 6.1; the error
  // says so if io_uring is older, switched off (kernel.io_uring_disabled) or forbidden (seccomp, as
  // container runtimes do).
  static Result<std::unique_ptr<PacketPump>> create(int tun_fd, unsigned worker_index,
                                                    SendErrors& errors,
                                                    const UringOptions& options = {});
  ~UringPump() override;

  Input wait() override;
  void send(const OutgoingDatagram& datagram) override;
  void write_tun(ByteSpan packet) override;
  [[nodiscard]] std::uint64_t tun_write_errors() const override;
  void wake() override;
  void set_sockets(std::shared_ptr<const UdpSockets> sockets) override;
};

}  // namespace wring
