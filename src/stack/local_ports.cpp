// A mark for each port, and lwIP's lists.
#include "stack/local_ports.h"

#include <lwip/priv/tcp_priv.h>

#include <algorithm>
#include <utility>

namespace wring::stack {

LocalPorts::LocalPorts(Look look, std::uint16_t begin)
    : look_(std::move(look)), next_(std::max(begin, kFirst)) {
  look_(used_);
}

// The second time round, nothing that was given since is beyond where it begins.
std::uint16_t LocalPorts::take() {
  for (int round = 0; round < 2; ++round) {
    while (next_ <= kLast) {
      const unsigned port = next_++;
      if (!used_[port]) return static_cast<std::uint16_t>(port);
    }
    next_ = kFirst;
    used_.reset();
    look_(used_);
  }
  return 0;
}

void mark_ports_of_lwip(LocalPorts::Used& used) {
  for (tcp_pcb** const list : tcp_pcb_lists) {
    for (const tcp_pcb* each = *list; each != nullptr; each = each->next)
      used.set(each->local_port);
  }
}

}  // namespace wring::stack
