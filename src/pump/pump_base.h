// What both pumps have in common: their sockets, the room in them, and what waits for room.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>

#include "base/unique_fd.h"
#include "io/send_budget.h"
#include "io/tun_queue.h"
#include "pump/failed_output.h"
#include "pump/packet_pump.h"
#include "pump/sockets_handover.h"

namespace wring {

// After an error that should not happen, a descriptor rests for this long, so that an error that
// stays does not keep the worker spinning.
inline constexpr std::chrono::milliseconds kRest{10};

class PumpBase : public PacketPump {
 public:
  void wake() final;
  void set_sockets(std::shared_ptr<const UdpSockets> sockets) final;
  [[nodiscard]] SocketFill fill(bool v4) final;

 protected:
  static constexpr unsigned kSendSlots = 256;
  static constexpr unsigned kFamilies = 2;  // IPv4, then IPv6
  // How often the pump looks whether a socket that is full still drains.
  static constexpr std::chrono::milliseconds kStallCheck{100};

  PumpBase(const TunQueue& tun, unsigned worker_index, OutputErrors& errors)
      : tun_fd_(tun.fd),
        worker_index_(worker_index),
        vnet_header_(tun.vnet_header),
        errors_(errors) {}

  static unsigned family_of(const OutgoingDatagram& datagram) {
    return datagram.to->is_v4() ? 0 : 1;
  }
  // Whether the datagram may leave at once. If not, postpone() takes it.
  [[nodiscard]] bool may_leave(const OutgoingDatagram& datagram) {
    return waiting_.empty() &&
           budgets_[family_of(datagram)].take(datagram.payload.size(), datagram.segment_size);
  }
  // Asks the socket for room, and keeps the datagram if there is none.
  void postpone(const OutgoingDatagram& datagram);
  // Sends what waits, as far as there is room.
  void send_waiting();
  // To be called kStallCheck after the pump found that something waits, or later. Gives up what
  // waits if the socket has drained nothing in that time.
  void check_for_stall();
  // Changes to the sockets that were offered last. False: none were.
  bool use_offered_sockets();

  // The kernel's side. queue_send() never blocks; flush() executes what is queued.
  virtual void queue_send(const OutgoingDatagram& datagram) = 0;
  virtual void flush() = 0;

  const int tun_fd_;  // -1: there is none
  const unsigned worker_index_;
  const bool vnet_header_;
  OutputErrors& errors_;
  UniqueFd wake_event_;
  bool woken_ = false;
  bool tun_gone_ = false;
  std::shared_ptr<const UdpSockets> sockets_;
  std::array<int, kFamilies> socket_fds_{-1, -1};
  SocketsHandover next_sockets_;
  FailedOutput failed_;
  // Datagrams that found no room, in order. All that is sent meanwhile queues behind them.
  std::deque<OutgoingDatagram> waiting_;

 private:
  [[nodiscard]] bool take_room(const OutgoingDatagram& datagram);
  void begin_stall_check(std::size_t queued);

  std::array<SendBudget, kFamilies> budgets_;
  // What the socket of the first waiting datagram held when the check began, when the check ends,
  // and whether a waiting datagram has left since.
  std::size_t queued_at_check_ = 0;
  std::chrono::steady_clock::time_point check_ends_;
  bool left_since_check_ = false;
  // The socket did not drain: what finds no room is dropped until there is some.
  bool stalled_ = false;
};

}  // namespace wring
