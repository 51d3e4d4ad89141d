// What a supervisor does before it starts.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "config/tunnel_config.h"
#include "run/plan.h"
#include "run/record.h"

namespace wring::run {

// A line for people, on stderr.
void say(const std::string& line);

// A signalfd of SIGINT, SIGTERM, SIGHUP and SIGCHLD, which are blocked in this thread and those it
// starts.
[[nodiscard]] Result<UniqueFd> block_signals();

// Takes back what a supervisor that was killed left. Its engine ends by itself, and the interface
// with it; this is waited for. An Error if there is an interface of that name that is not ours.
[[nodiscard]] Result<void> clear_leftovers(const std::string& interface, const Record& record);

// The plan of a file. `own_table` is the routing table that was chosen for a default route before;
// if it is 0 and one is needed, a free one is chosen.
[[nodiscard]] Result<Plan> plan_for(const config::TunnelConfig& config, std::uint32_t& own_table);

}  // namespace wring::run
