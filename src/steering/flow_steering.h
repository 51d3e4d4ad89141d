// Which queue of a TUN a packet comes out of: one half of steering.h.
#pragma once

#include "base/result.h"

namespace wring {

// The kernel then chooses the queue by a hash of the packet's addresses and, for TCP and UDP, of
// its ports. The flows of one peer spread over all queues, and each flow keeps its queue. Fragments
// and other protocols go by their addresses alone.
//
// `tun_fd` is any queue of the interface. The choice holds for all queues, as long as the interface
// lives. An error changes nothing. EPERM: eBPF takes CAP_BPF where unprivileged programs are
// forbidden. Control thread.
[[nodiscard]] Result<void> steer_flows_by_hash(int tun_fd);

}  // namespace wring
