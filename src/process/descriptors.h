// The descriptors that the process starts with: the standard ones, and those that were handed in.
#pragma once

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// Opens /dev/null in place of each standard stream that is closed. Otherwise the next descriptor
// that we open would take its number. Messages for stderr would go there, and going to the
// background would replace it. Call it before anything else is opened.
[[nodiscard]] Result<void> open_missing_standard_streams();

// Takes over descriptor `fd`, which the variable `variable` of the environment names: a copy with a
// number above those of the standard streams, which is closed on exec. `fd` itself stays open.
// Error: EBADF if `fd` is not open.
[[nodiscard]] Result<UniqueFd> take_handed_in(int fd, const char* variable);

}  // namespace wring
