// The processes that descend from this one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>

namespace wring::exec {

// From now on, what loses its parent among them becomes a child of this process. Lasts until an
// exec; children do not inherit it.
void adopt_orphans();

// The children that there are now. Needs /proc; without it, none.
[[nodiscard]] std::set<pid_t> children();

// Ends all of them but those to spare: SIGTERM, and SIGKILL after the grace. Returns when none is
// left. The process has adopted orphans and blocks SIGCHLD. Needs /proc: without it, it returns at
// the end of the grace.
void end_children(std::chrono::seconds grace, const std::set<pid_t>& spared = {});

}  // namespace wring::exec
