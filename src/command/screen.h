// Text that is drawn anew each second, on a terminal or not.
#pragma once

#include <functional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "command/output.h"

namespace wring::command {

// Calls `draw` at once and each second, until SIGINT, SIGTERM, SIGHUP or SIGQUIT comes, and then
// returns. On a terminal each drawing takes the place of the one before, on a screen of its own;
// the terminal is given back as it was at the end, and for as long as the program is stopped
// (SIGTSTP). Elsewhere the drawings follow each other. An error of `draw` ends it, too.
//
// Blocks these signals in the calling thread, until it returns.
[[nodiscard]] Result<void> redraw_each_second(const std::function<Result<void>(Output&)>& draw);

}  // namespace wring::command
