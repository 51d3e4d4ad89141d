// The packet pump on epoll, for hosts where io_uring is missing or forbidden. Datagrams come and go
// by recvmmsg and sendmmsg, packets one by one.
#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/batch_limit.h"
#include "io/datagram_headers.h"
#include "io/packet_buffers.h"
#include "pump/pump_base.h"

namespace wring {

class EpollPump : public PumpBase {
 public:
  // As make_pump(); a `queue` without a descriptor is none. Any one thread at a time may use the
  // pump. The destructor executes what is queued.
  static Result<std::unique_ptr<PacketPump>> create(const TunQueue& queue, unsigned worker_index,
                                                    OutputErrors& errors);
  ~EpollPump() override;

  Input wait() override;
  // Not in PumpBase, because there each datagram would cost a call by the vtable.
  void send(const OutgoingDatagram& datagram) final {
    if (may_leave(datagram)) {
      queue_send(datagram);
    } else {
      postpone(datagram);
    }
  }
  void write_packet(std::span<const iovec> parts) override;

 protected:
  EpollPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors,
            PacketBuffers tun_buffers, PacketBuffers udp_buffers);
  // Writes `bytes`. If that fails, `packet` is reported.
  void write_at_once(std::span<const iovec> bytes, std::span<const iovec> packet);
  // Never inlined, so that reading a packet saves no register for it.
  [[gnu::noinline]] virtual void on_tun_error(int error);

 private:
  // What epoll watches. IPv6 follows IPv4.
  enum Source : unsigned { kV4, kV6, kTun, kWake, kSources };
  // While a descriptor rests, nobody waits for it.
  struct Watched {
    int fd = -1;
    bool resting = false;
    std::uint32_t events = EPOLLIN;
  };

  // Input.
  void take_new_sockets();
  void watch(Source source, int fd);
  void wait_for_events(Source source, std::uint32_t events);
  void watch_for_room();
  void unwatch(Source source);
  void rest(Source source);
  void end_rest();
  void take_input();
  [[nodiscard]] int longest_wait_ms() const;
  void on_ready(Source source);
  void read_tun();
  void receive(Source family);
  void take_datagram(std::size_t at, const mmsghdr& message);

  // Output.
  void queue_send(const OutgoingDatagram& datagram) final;
  void flush() final;
  void finish_output();

  UniqueFd epoll_;
  std::array<Watched, kSources> sources_;
  bool anything_rests_ = false;
  std::chrono::steady_clock::time_point rest_ends_;
  unsigned turn_ = 0;  // decides which of the sources that are ready comes first

  // The batch handed out last. Buffers are used from the first one on, so that few packets use few
  // buffers.
  PacketBuffers tun_buffers_;
  std::array<TunPacket, kMaxBatch> packets_;
  std::size_t packet_count_ = 0;
  BatchLimit packet_limit_;
  PacketBuffers udp_buffers_;
  std::array<ReceivedDatagram, kMaxBatch> datagrams_;
  std::size_t datagram_count_ = 0;
  std::size_t udp_buffers_used_ = 0;  // a refused datagram uses one, too
  BatchLimit datagram_limit_;

  // Where recvmmsg() puts name and control messages of each datagram, in the order of udp_buffers_.
  struct ReceiveRoom {
    alignas(cmsghdr) Bytes<kControlRoom> control;
    alignas(sockaddr_in6) Bytes<kNameRoom> name;
    iovec payload;
  };
  std::array<ReceiveRoom, kMaxBatch> receive_rooms_;
  std::array<mmsghdr, kMaxBatch> received_;

  // Datagrams to be sent, in order.
  std::array<SendHeader, kSendSlots> headers_;
  std::array<mmsghdr, kSendSlots> messages_;
  std::array<OutgoingDatagram, kSendSlots> queued_;
  std::array<int, kSendSlots> send_fds_;
  unsigned queued_count_ = 0;
};

// Here, because the TUN's writes must not cost a call more for the sake of the packet socket's.
inline void EpollPump::write_at_once(std::span<const iovec> bytes, std::span<const iovec> packet) {
  while (::writev(tun_fd_, bytes.data(), static_cast<int>(bytes.size())) < 0) {
    if (errno == EINTR) continue;
    failed_.add(packet, errno);
    return;
  }
}

}  // namespace wring
