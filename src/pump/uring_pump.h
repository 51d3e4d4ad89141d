// The packet pump on io_uring. Input comes by requests that stay armed (multishot), in buffers that
// the kernel picks. Output leaves in batches, by one system call each.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "io/batch_limit.h"
#include "io/buffer_ring.h"
#include "io/datagram_headers.h"
#include "io/uring.h"
#include "pump/pump_base.h"

namespace wring {

class UringPump : public PumpBase {
 public:
  // Linux 6.7 reads a TUN by a request that stays armed. Where that is missing, or kPoll asks for
  // it, the pump polls the TUN and reads it by read().
  enum class TunReads { kMultishot, kPoll };

  // As make_pump(); a `queue` without a descriptor is none. Any thread may create the pump. The
  // thread that first calls wait() is then the only one that may use it, and should be the one that
  // destroys it: only there can requests in flight be ended, so that sockets and TUN are let go of
  // when the destructor returns. The destructor executes what is queued. Needs Linux 6.1; the error
  // says so if io_uring is older, switched off (kernel.io_uring_disabled) or forbidden (seccomp, as
  // container runtimes do).
  static Result<std::unique_ptr<PacketPump>> create(const TunQueue& queue, unsigned worker_index,
                                                    OutputErrors& errors,
                                                    TunReads reads = TunReads::kMultishot);
  ~UringPump() override;

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
  UringPump(const TunQueue& queue, unsigned worker_index, OutputErrors& errors);
  // Queues the write of `bytes`. If it fails, `packet` is reported.
  void queue_write(std::span<const iovec> bytes, std::span<const iovec> packet);
  void flush() final;
  // Executes what is queued and ends all requests, if this thread runs the pump. The pump cannot be
  // used after it.
  void end();
  // Never inlined, so that reading a packet saves no register for it.
  [[gnu::noinline]] virtual void on_tun_error(int error);

 private:
  static constexpr unsigned kRingEntries = 512;
  // Those that stay free for the requests that wait() arms and cancels.
  static constexpr unsigned kReservedEntries = 16;

  // The request that a completion belongs to. Part of its user data.
  enum class Kind : std::uint8_t {
    kTun,
    kReceive,
    kWritable,
    kWake,
    kBackoff,
    kStallCheck,
    kSend,
    kTunWrite,
    kCancel
  };
  // A request that stays armed. While it rests (kRest) it is not armed again.
  struct Standing {
    bool armed = false;
    bool resting = false;
  };
  // Sockets that were replaced, but that requests still hold.
  struct Retired {
    std::shared_ptr<const UdpSockets> sockets;
    std::uint32_t generation;
    unsigned in_flight;
  };
  // A batch of input, and the buffers it lies in.
  template <typename T>
  struct Batch {
    std::array<T, kMaxBatch> items;
    std::array<std::uint16_t, kMaxBatch> buffers;
    std::size_t count = 0;

    [[nodiscard]] std::span<T> used() { return std::span(items).first(count); }
  };
  // The batch that is filled or was handed out last, and the one before.
  template <typename T>
  struct Batches {
    std::array<Batch<T>, 2> both;
    unsigned current = 0;

    Batch<T>& now() { return both[current]; }
    Batch<T>& former() { return both[1 - current]; }
  };

  static unsigned buffer_of(const io_uring_cqe& completion) {
    return completion.flags >> IORING_CQE_BUFFER_SHIFT;
  }
  // Whether a standing request may be armed again at once after this result.
  static bool is_ordinary_end(int result);
  // User data have room for the low bits of the generation only.
  static constexpr std::uint32_t kGenerationMask = 0xffffff;
  static std::uint64_t tag(Kind kind, std::uint32_t generation, std::uint32_t index);

  void start();
  void stop();
  [[nodiscard]] bool anything_in_flight() const;

  // Output.
  void queue_send(const OutgoingDatagram& datagram) final;
  void report_failures();
  void submit_and_take_failures();

  // Input.
  void take_new_sockets();
  void begin_batch();
  void refill_empty_rings();
  void give_back_former();
  [[nodiscard]] bool may_take_packets() const { return waiting_.empty(); }
  [[nodiscard]] bool has_packets() { return may_take_packets() && packets_.now().count != 0; }
  void arm();
  void arm_for_room();
  void arm_tun();
  void arm_receive(unsigned family);
  void reap();
  void on_completion(const io_uring_cqe& completion);
  void on_tun(const io_uring_cqe& completion);
  void on_receive(const io_uring_cqe& completion, std::uint32_t generation, unsigned family);
  [[nodiscard]] bool take_datagram(unsigned buffer, std::size_t size);
  void read_tun();
  void end_receive(std::uint32_t generation, unsigned family, int result);
  void let_go_of(std::uint32_t generation);
  void rest(Standing& request);

  bool multishot_tun_read_ = false;
  // RWF_NOWAIT since Linux 6.4; before, a TUN refuses it (EOPNOTSUPP). There O_NONBLOCK is enough
  // to have the write done at once, unless the TUN's send buffer of 2 GB is full.
  int tun_write_flags_ = 0;

  // The buffers outlive the ring, because the kernel may write to them until it is closed.
  std::unique_ptr<BufferRing> tun_buffers_;
  std::unique_ptr<BufferRing> udp_buffers_;
  std::unique_ptr<Uring> ring_;
  std::thread::id owner_;  // of the thread that called start()

  Batches<TunPacket> packets_;
  bool packets_handed_out_ = true;  // no: packets_.now() is still filled
  Batches<ReceivedDatagram> datagrams_;
  BatchLimit packet_limit_;
  BatchLimit datagram_limit_;

  // Output that is queued in the ring.
  std::array<SendHeader, kSendSlots> headers_;
  std::array<OutgoingDatagram, kSendSlots> queued_;
  unsigned queued_count_ = 0;
  // What was written to the TUN since the last wait() returned. Completions of writes say to which
  // generation of it they belong.
  std::vector<std::span<const iovec>> writes_;
  std::uint32_t write_generation_ = 0;

  Standing tun_;
  bool tun_readable_ = false;  // without multishot reads: the next wait() has to read()
  std::array<Standing, kFamilies> receive_;
  unsigned first_family_ = 0;  // the one that is armed first, in turn
  std::array<bool, kFamilies> room_armed_{};
  bool stall_check_armed_ = false;
  msghdr receive_shape_{};        // room for name and control in front of each datagram
  std::uint32_t generation_ = 0;  // of sockets_; completions of former sockets have another
  std::vector<Retired> retired_;
  bool backoff_armed_ = false;

  std::uint64_t wake_count_ = 0;
  bool wake_armed_ = false;
};

// Here, because the TUN's writes must not cost a call more for the sake of the packet socket's.
inline void UringPump::queue_write(std::span<const iovec> bytes, std::span<const iovec> packet) {
  if (ring_->room() <= kReservedEntries) flush();
  io_uring_sqe* sqe = ring_->entry();
  io_uring_prep_writev(sqe, tun_fd_, bytes.data(), static_cast<unsigned>(bytes.size()), 0);
  sqe->rw_flags = tun_write_flags_;
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  const auto slot = static_cast<std::uint32_t>(writes_.size());
  writes_.push_back(packet);
  io_uring_sqe_set_data64(sqe, tag(Kind::kTunWrite, write_generation_, slot));
}

}  // namespace wring
