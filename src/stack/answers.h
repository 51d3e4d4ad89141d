// What the relay is told first of what it asked for; see Request.
#pragma once

#include "base/unique_fd.h"
#include "stack/control.h"

namespace wring::stack {

// False: it cannot be told. With the end mark, if there is one.
[[nodiscard]] bool tell_place(const UniqueFd& end, const Place& place, const UniqueFd& mark = {});
// If nobody hears it, nobody misses us.
void tell_failure(const UniqueFd& end, int error);

}  // namespace wring::stack
