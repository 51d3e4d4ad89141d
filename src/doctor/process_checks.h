// What this host lets a process do, and whether its clock can be right.
#pragma once

#include "base/clock.h"
#include "doctor/finding.h"

namespace wring::doctor {

// Locks the memory of this process, as the engine would.
[[nodiscard]] Finding check_locked_memory();
// Whether a confined thread may be kept from files.
[[nodiscard]] Finding check_landlock();
// Whether an ordinary user may make user, network and mount namespaces. Forks: there may be no
// other thread.
[[nodiscard]] Finding check_user_namespaces();
// By `now` and whether the kernel says that the clock is kept right by others.
[[nodiscard]] Finding check_clock(WallTime now);
// False if no clock that is right could say so: it is before this program was made, or decades
// after.
[[nodiscard]] bool is_plausible(WallTime now);

}  // namespace wring::doctor
