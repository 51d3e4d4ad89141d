// Sends what the control thread has to send: handshake messages, keepalives, and packets that
// waited for a key.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/drop_reason.h"
#include "io/udp_sockets.h"
#include "ip/packets.h"

namespace wring {

// It sends by the sockets of worker 0. Workers leave three eighths of a socket's buffer to it
// (SendBudget). A datagram that finds no room all the same is kept and sent when there is some. The
// caller asks for that every kRetryInterval, because a socket reports room only when half of its
// buffer is free, which traffic may prevent for long.
//
// Control thread only.
class ControlOutbox {
 public:
  static constexpr std::chrono::milliseconds kRetryInterval{10};

  explicit ControlOutbox(DropCounters& drops) : drops_(drops) {}

  // Sends a datagram or keeps a copy of it: 0. Otherwise the errno, as UdpSockets::send() has it;
  // EAGAIN if too much is kept already. `sockets` may be null (ENETDOWN).
  [[nodiscard]] int send(const UdpSockets* sockets, const OutgoingDatagram& datagram);
  // Sends what was kept, as far as there is room. Null: forgets it.
  void retry(const UdpSockets* sockets);
  [[nodiscard]] bool is_empty() const { return kept_[0].empty() && kept_[1].empty(); }

 private:
  struct Kept {
    std::vector<std::uint8_t> bytes;
    Endpoint to;
    std::uint8_t tos;
    std::uint8_t hop_limit;
  };

  [[nodiscard]] bool keep(const OutgoingDatagram& datagram);
  // 0 if it has left or was given up, EAGAIN if it has to wait.
  [[nodiscard]] int send_again(const UdpSockets& sockets, Kept& kept);

  DropCounters& drops_;
  std::array<std::deque<Kept>, 2> kept_;  // IPv4, then IPv6
  std::size_t bytes_ = 0;
};

}  // namespace wring
