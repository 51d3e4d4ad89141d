// One packet loop on one thread: reads, routes, seals or opens, writes. No packet changes threads.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/rcu.h"
#include "base/result.h"
#include "base/wakeup.h"
#include "daemon/batch_sizes.h"
#include "daemon/logged_endpoints.h"
#include "daemon/send_failures.h"
#include "dataplane/inbound.h"
#include "dataplane/outbound.h"
#include "io/udp_sockets.h"
#include "ip/coalescing.h"
#include "ip/joined_write.h"
#include "ip/segment_arena.h"
#include "peer/shared_state.h"
#include "pump/packet_pump.h"

namespace wring {

// The kernel's offloads: what may be passed to it and from it besides single packets and datagrams.
struct Offloads {
  bool vnet_header = false;  // every packet of the TUN has one in front
  bool join = false;         // TCP packets may cross the TUN in rows; takes vnet_header
  bool join_udp = false;     // UDP, too
  bool udp = false;          // rows of our own datagrams cross the socket (UDP_SEGMENT, UDP_GRO)
};

// Made, started and stopped by the control thread.
class Worker final : public OutputErrors {
 public:
  // `control` is notified when the control thread has something to look at. `logged` is shared by
  // all workers. `cipher` is one that there is (crypto/aead_engine.h), or none: the best.
  Worker(SharedState& shared, const Clock& clock, const Wakeup& control, unsigned index,
         const Offloads& offloads, std::optional<AeadBackend> cipher, LoggedOnce& logged);
  ~Worker() override;

  // What the thread is limited to. It gives up all capabilities in any case.
  struct Confinement {
    std::optional<unsigned> cpu;  // to which it is bound; none: any
    bool filter_system_calls = true;
  };
  // Takes the pump that it is to drive, and starts. The pump reports send errors to this object.
  void start(std::unique_ptr<PacketPump> pump, Confinement confinement);
  // Ends the loop and joins the thread. Afterwards the pump is destroyed, and has let go of TUN and
  // sockets.
  void stop();

  // Null: none, the interface is down. Control thread.
  void set_sockets(std::shared_ptr<const UdpSockets> sockets);
  // What the control thread is to work on; it is the one consumer.
  [[nodiscard]] HandshakeQueue& handshakes() { return handshakes_; }
  // The implementation of ChaCha20-Poly1305 that it uses.
  [[nodiscard]] std::string_view cipher() const { return outbound_.cipher(); }
  // Of each wait: packets of the TUN, and datagrams. Any thread.
  [[nodiscard]] const BatchSizes& packet_batches() const { return packet_batches_; }
  [[nodiscard]] const BatchSizes& datagram_batches() const { return datagram_batches_; }
  // The processor time of its thread, in nanoseconds. Control thread.
  [[nodiscard]] std::uint64_t processor_ns();
  // The TUN was deleted: nothing more will come. Any thread.
  [[nodiscard]] bool tun_gone() const { return tun_gone_.load(std::memory_order_relaxed); }

  void on_send_error(const OutgoingDatagram& datagram, int error) override;
  void on_write_error(std::span<const iovec> parts, int error) override;
  void on_unreadable_packet() override;

 private:
  void run();
  [[nodiscard]] Outbound::Batch process_packets(std::span<const TunPacket> packets, TimePoint now);
  void bind_to(unsigned cpu) const;
  void write_packets(std::span<const InnerPacket> packets);
  void write_alone(ByteSpan packet);
  // Says once which route is wrong.
  void log_loop(const Outbound::Loop& loop);
  // Joined writes of this kind are not tried again.
  void stop_joining(WriteKind kind, int error);

  SharedState& shared_;
  const Clock& clock_;
  const Wakeup& control_;
  const unsigned index_;
  const bool has_vnet_header_;
  LoggedOnce& logged_;
  HandshakeQueue handshakes_;
  BatchSizes packet_batches_;
  BatchSizes datagram_batches_;
  Outbound outbound_;
  SendFailures send_failures_;
  Inbound inbound_;
  std::optional<Coalescer> coalescer_;  // none: packets are written one by one
  VnetHeader plain_;                    // in front of a packet that is just itself
  RcuReader* reader_ = nullptr;         // while run() goes on
  // Packets of refused writes, and how they are written once more. Both last for a batch.
  SegmentArena apart_;
  std::vector<MutByteSpan> packets_apart_;
  std::deque<std::array<iovec, 2>> written_apart_;
  std::vector<iovec> parts_;  // of what is queued for the TUN; the pump reads them in wait()
  Mutex pump_mutex_;          // held while the pump is woken to end, and while it ends
  std::unique_ptr<PacketPump> pump_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> tun_gone_{false};
  std::thread thread_;
};

}  // namespace wring
