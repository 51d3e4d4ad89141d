// What the workers and the control thread share. The control thread alone writes the tables;
// workers read them under RCU.
#pragma once

#include <atomic>

#include "base/drop_reason.h"
#include "base/rcu.h"
#include "device/attention_list.h"
#include "device/protocol_constants.h"
#include "tables/allowed_ips.h"
#include "tables/index_table.h"

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
