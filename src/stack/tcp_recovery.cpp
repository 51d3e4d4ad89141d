// Finds out what lwIP has done by its threshold.
#include "stack/tcp_recovery.h"

#include <lwip/priv/tcp_priv.h>

#include <algorithm>

namespace wring::stack {

void TcpRecovery::on_segment(const tcp_pcb& connection) {
  if ((connection.flags & TF_INFR) == 0) sent_ = connection.snd_nxt;
}

bool TcpRecovery::repairs(const tcp_pcb& connection) const {
  return under_way_ && TCP_SEQ_LT(connection.lastack, end_);
}

void TcpRecovery::on_acknowledged(tcp_pcb& connection, std::uint32_t size) {
  const bool lost = threshold_ != 0 && connection.ssthresh != threshold_;
  const bool timed_out = (connection.flags & TF_RTO) != 0;
  if (lost && !timed_out) reduce(connection);
  under_way_ = !timed_out && repairs(connection);
  if (under_way_) {
    // The next one is missing, too. In the midst of its input, lwIP sends it by itself. Of a large
    // acknowledgement we hear in parts, and lwIP ends a connection after ten times.
    if (connection.lastack != repaired_) static_cast<void>(tcp_rexmit(&connection));
    repaired_ = connection.lastack;
  } else if (connection.cwnd < connection.ssthresh && !timed_out) {
    // lwIP counts at most two segments of each acknowledgement. Ours come for many at once.
    const std::uint32_t counted = 2U * connection.mss;
    const std::uint32_t more = size > counted ? size - counted : 0;
    connection.cwnd = std::min<tcpwnd_size_t>(connection.cwnd + more, connection.ssthresh);
  }
  threshold_ = connection.ssthresh;
  window_ = connection.cwnd;
}

void TcpRecovery::reduce(tcp_pcb& connection) {
  if (!repairs(connection)) {
    const tcpwnd_size_t least = 2U * connection.mss;
    threshold_ = std::max<tcpwnd_size_t>(least, window_ / 10 * 7);
    end_ = sent_;
    under_way_ = true;
  }
  connection.ssthresh = connection.cwnd = threshold_;
  connection.bytes_acked = 0;
}

}  // namespace wring::stack
