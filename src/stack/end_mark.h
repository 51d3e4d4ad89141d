// Tells the end of a direction from a reset, which a pair of sockets does not: one that is closed
// looks the same as one that was shut down and then closed. Any thread.
#pragma once

#include "base/unique_fd.h"

namespace wring::stack {

// The stack makes one for each connection whose bytes the relay passes on, and sends a copy along.
// Empty with errno.
[[nodiscard]] UniqueFd make_end_mark();
// The connection's other end has ended its direction. To be said before the pair's end is shut down
// or closed, so that who reads the end there finds the mark.
void set_end_mark(const UniqueFd& mark);
// False: who has come to the pair's end has seen a reset.
[[nodiscard]] bool end_is_marked(const UniqueFd& mark);

}  // namespace wring::stack
