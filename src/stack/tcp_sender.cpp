// Moves segments between lwIP's lists.
#include "stack/tcp_sender.h"

#include <lwip/priv/tcp_priv.h>

namespace wring::stack {
namespace {

std::uint32_t first_of(const tcp_seg& segment) {
  return lwip_ntohl(segment.tcphdr->seqno);
}

std::uint32_t end_of(const tcp_seg& segment) {
  return first_of(segment) + TCP_TCPLEN(&segment);
}

// Segments that were sent and those that were not, both in order. Those that are to be sent again
// come in order, too, so both places only go on.
class Requeue {
 public:
  explicit Requeue(tcp_pcb& connection)
      : connection_(connection), from_(&connection.unacked), to_(&connection.unsent) {}

  // What is not among those that were sent waits to be sent already.
  void send_again(std::uint32_t begin) {
    while (*from_ != nullptr && !precedes(begin, end_of(**from_)))
      from_ = &(*from_)->next;
    tcp_seg* const found = *from_;
    if (found == nullptr || precedes(begin, first_of(*found))) return;
    // It has not left yet.
    if (found->p->ref != 1) return;
    *from_ = found->next;
    while (*to_ != nullptr && precedes(first_of(**to_), first_of(*found)))
      to_ = &(*to_)->next;
    found->next = *to_;
    *to_ = found;
    // What lwIP would append has no room in it.
    if (found->next == nullptr) connection_.unsent_oversize = 0;
    connection_.rttest = 0;
  }

 private:
  tcp_pcb& connection_;
  tcp_seg** from_;
  tcp_seg** to_;
};

}  // namespace

void TcpSender::begin(tcp_pcb& connection, Duration trip, TimePoint now) {
  recovery_.begin(connection.mss, connection.snd_nxt, (connection.flags & TF_SACK) != 0);
  if (trip != Duration{}) recovery_.on_round_trip(trip, now);
  begun_ = true;
  allow(connection);
}

void TcpSender::on_segment(tcp_pcb& connection, const tcp_hdr& header, ByteSpan options, bool empty,
                           TimePoint now) {
  const unsigned flags = TCPH_FLAGS(&header);
  if (!begun_ || (flags & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK) return;
  const std::uint32_t number = header.ackno;
  if (precedes(number, connection.lastack) || precedes(connection.snd_nxt, number)) return;
  const bool advances = number != connection.lastack;
  if (recovery_.idle() && !advances) return;
  const std::uint32_t window = std::uint32_t{header.wnd} << connection.snd_scale;
  const bool same_window = window == connection.snd_wnd;
  recovery_.on_acknowledgement(
      {number, SackBlocks::parse(options), empty && !advances && same_window}, now);
  choose_edge(connection, number);
  hold_gate(connection, number);
}

void TcpSender::on_acknowledged(tcp_pcb& connection) {
  if (!begun_) return;
  connection.rtime = -1;
  hold_gate(connection, connection.lastack);
}

void TcpSender::on_sent(tcp_pcb& connection, SequenceRange range, TimePoint now) {
  if (!begun_) return;
  connection.rtime = -1;
  recovery_.on_sent(range, now);
}

void TcpSender::allow(tcp_pcb& connection) {
  if (!begun_) return;
  choose_edge(connection, connection.lastack);
  hold_gate(connection, connection.lastack);
}

void TcpSender::choose_edge(tcp_pcb& connection, std::uint32_t acknowledged) {
  std::uint32_t room = recovery_.allowance();
  edge_ = acknowledged;
  if (recovery_.has_lost()) {
    Requeue queues(connection);
    for (const Scoreboard::Segment& each : recovery_.segments()) {
      if (!each.lost) continue;
      if (each.range.size() > room) return;
      room -= each.range.size();
      queues.send_again(each.range.begin);
      edge_ = each.range.end;
    }
  }
  edge_ = connection.snd_nxt + room;
}

// lwIP lets its window grow by itself, if only a little where it is above its threshold.
void TcpSender::hold_gate(tcp_pcb& connection, std::uint32_t acknowledged) const {
  connection.cwnd = edge_ - acknowledged;
  connection.ssthresh = 0;
  connection.bytes_acked = 0;
}

void TcpSender::wake(tcp_pcb& connection, TimePoint now) {
  const tcp_seg* const next = connection.unsent;
  const bool new_data = next != nullptr && !precedes(first_of(*next), connection.snd_nxt) &&
                        end_of(*next) - connection.lastack <= connection.snd_wnd;
  const LossRecovery::Due due = recovery_.on_timer(now, new_data);
  if (due == LossRecovery::Due::kNothing) return;
  if (due == LossRecovery::Due::kTimeout) count_timeout(connection);
  allow(connection);
  tcp_output(&connection);
}

// lwIP ends a connection after TCP_MAXRTX of them. But a far end that has taken back room answers,
// and lwIP probes it as soon as no segment is among those that were sent.
void TcpSender::count_timeout(tcp_pcb& connection) {
  const tcp_seg* const first = connection.unacked;
  if (first != nullptr && end_of(*first) - connection.lastack > connection.snd_wnd) {
    static_cast<void>(tcp_rexmit_rto_prepare(&connection));
  }
  if (connection.persist_backoff == 0 && connection.nrtx < TCP_MAXRTX) ++connection.nrtx;
}

void TcpSender::hand_back(tcp_pcb& connection) const {
  if (!begun_) return;
  connection.cwnd = connection.ssthresh = recovery_.window();
  if (connection.unacked != nullptr) connection.rtime = 0;
}

}  // namespace wring::stack
