// What lwIP's congestion control lacks on paths with losses: it takes the first acknowledgement
// after a loss for the end of its repair, and halves the window again for each further loss of it.
#pragma once

#include <lwip/tcp.h>

#include <cstdint>

namespace wring::stack {

// Of one connection. One repair has one reduction, to seven tenths as CUBIC has it (RFC 9438), and
// an acknowledgement of a part has the next segment sent again at once (RFC 6582, 3.2).
class TcpRecovery {
 public:
  // A segment has come, before lwIP looks at it.
  void on_segment(const tcp_pcb& connection);
  // So many bytes were acknowledged, after lwIP has changed its window.
  void on_acknowledged(tcp_pcb& connection, std::uint32_t size);

 private:
  [[nodiscard]] bool repairs(const tcp_pcb& connection) const;
  void reduce(tcp_pcb& connection);

  std::uint32_t sent_ = 0;  // what had been sent when the loss was found
  std::uint32_t end_ = 0;   // a repair ends once this is acknowledged
  bool under_way_ = false;
  std::uint32_t repaired_ = 0;   // the acknowledgement that had a segment sent again last
  tcpwnd_size_t threshold_ = 0;  // lwIP's, when we last looked; it changes with a loss
  tcpwnd_size_t window_ = 0;     // before that
};

}  // namespace wring::stack
