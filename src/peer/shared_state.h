// What the workers and the control thread share. The control thread alone writes the tables;
// workers read them under RCU.
#pragma once

#include <atomic>

#include "base/drop_reason.h"
#include "base/rcu.h"
#include "ip/endpoint.h"
#include "peer/attention_list.h"
#include "peer/protocol_constants.h"
#include "peer/staged_memory.h"
#include "tables/allowed_ips.h"
#include "tables/index_table.h"

namespace wring {

struct SharedState {
  StagedMemory staged_memory;  // outlives the peers, some of which the reclaimer holds
  RcuReclaimer reclaimer;      // control thread only; outlives the tables, which retire into it
  AllowedIps allowed_ips{reclaimer};
  IndexTable sessions{reclaimer};
  AttentionList attention;
  DropCounters drops;
  // Followed by the control thread. Relaxed: each is a value of its own.
  std::atomic<unsigned> mtu{kDefaultMtu};     // of the TUN
  std::atomic<std::uint32_t> tun_ifindex{0};  // 0: not in the sockets' network namespace
  std::atomic<std::uint16_t> listen_port{0};  // of the sockets; 0: there are none

  // True if the datagram came through our own tunnel, from elsewhere than where the peer's endpoint
  // is. A peer inside the tunnel of another one is fine, but no peer moves there by itself: it
  // could move into its own tunnel, and what is sealed for it would come back to be sealed again.
  [[nodiscard]] bool comes_from_inside(const Endpoint& from, const Peer& peer) const;
};

}  // namespace wring
