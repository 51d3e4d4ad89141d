// What the workers and the control thread share. The control thread alone writes the tables;
// workers read them under RCU.
#pragma once

#include <atomic>

#include "base/rcu.h"
#include "dataplane/allowed_ips.h"
#include "dataplane/attention_list.h"
#include "dataplane/drop_reason.h"
#include "dataplane/index_table.h"
#include "dataplane/protocol_constants.h"

namespace wring {

struct SharedState {
  RcuReclaimer reclaimer;  // control thread only; outlives the tables, which retire into it
  AllowedIps allowed_ips{reclaimer};
  IndexTable sessions{reclaimer};
  AttentionList attention;
  DropCounters drops;
  std::atomic<unsigned> mtu{kDefaultMtu};  // of the TUN, followed by the control thread; relaxed
};

}  // namespace wring
