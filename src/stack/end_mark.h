// Tells the end of a direction from a reset, which a pair of sockets does not: one that is closed
// looks the same as one that was shut down and then closed. Any thread.
#pragma once

#include <utility>

#include "base/unique_fd.h"

namespace wring::stack {

// For a connection whose bytes the relay passes on: one is the relay's, the other one the stack's.
// Empty with errno.
[[nodiscard]] std::pair<UniqueFd, UniqueFd> make_end_marks();
// What we have sent over the pair is whole. To be said before our end is shut down or closed, so
// that who reads the end there finds it said.
void mark_end(int mark);
// Whether the other process has said so. If not, who has come to the end of what is in the pair has
// seen a reset.
[[nodiscard]] bool end_is_marked(int mark);

}  // namespace wring::stack
