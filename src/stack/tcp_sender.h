// lwIP's sender, which knows one loss at a time, led by LossRecovery.
#pragma once

#include <lwip/tcp.h>

#include <cstdint>

#include "base/bytes.h"
#include "base/clock.h"
#include "stack/loss_recovery.h"

struct tcp_hdr;

namespace wring::stack {

// Of one connection, from when it is established. lwIP has the segments, their headers and the
// windows of the far end. Its own time-outs and its counting of duplicates are kept from
// beginning, and its congestion window is the gate up to which it sends: lost segments, which are
// put back among the unsent ones, and new ones.
class TcpSender {
 public:
  // `trip`: how long the handshake took; 0: it says nothing.
  void begin(tcp_pcb& connection, Duration trip, TimePoint now);
  // A segment has come, before lwIP looks at it. lwIP has turned its numbers already.
  void on_segment(tcp_pcb& connection, const tcp_hdr& header, ByteSpan options, bool empty,
                  TimePoint now);
  // lwIP has looked at an acknowledgement.
  void on_acknowledged(tcp_pcb& connection);
  // A segment leaves.
  void on_sent(tcp_pcb& connection, SequenceRange range, TimePoint now);
  // Lets lwIP send what may be sent; tcp_output() does it.
  void allow(tcp_pcb& connection);

  [[nodiscard]] TimePoint deadline() const { return recovery_.deadline(); }
  // At the deadline. What may be sent then is sent.
  void wake(tcp_pcb& connection, TimePoint now);
  // From now on lwIP is on its own.
  void hand_back(tcp_pcb& connection) const;
  // Bytes that may be on their way at once.
  [[nodiscard]] std::uint32_t window() const { return recovery_.window(); }

 private:
  static void count_timeout(tcp_pcb& connection);
  void choose_edge(tcp_pcb& connection, std::uint32_t acknowledged);
  void hold_gate(tcp_pcb& connection, std::uint32_t acknowledged) const;

  LossRecovery recovery_;
  std::uint32_t edge_ = 0;  // lwIP sends nothing beyond it
  bool begun_ = false;
};

}  // namespace wring::stack
