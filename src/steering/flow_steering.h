// Which queue of a TUN a packet comes out of.
#pragma once

#include "base/result.h"

namespace wring {

// Has the kernel choose the queue by a hash of the packet's addresses and, for TCP and UDP, its
// ports: the flows of one peer spread over all queues, and each stays on its own. Without this the
// kernel sends a flow to the queue on which its other direction was last written, which is that of
// the one worker that the peer's session is steered to.
//
// Fragments and other protocols go by their addresses alone. `tun_fd` is any queue; the choice
// holds for all of them, for as long as the interface lives. An error changes nothing (EPERM, say:
// eBPF takes CAP_BPF where unprivileged programs are forbidden).
[[nodiscard]] Result<void> steer_flows_by_hash(int tun_fd);

}  // namespace wring
