// Going to the background: the parent returns when all is up.
#pragma once

#include <functional>
#include <initializer_list>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring::proxy {

// Forks. Returns in the child alone, with what it calls when all is up: it lets go of the terminal,
// and has the parent exit with 0. The parent exits with 1 if the child ends before that. One
// thread.
[[nodiscard]] Result<std::function<void()>> leave_for_background();

// Opens these streams of the process on /dev/null instead.
void let_go_of(std::initializer_list<int> streams);

// While it lives, what this process and those that it starts say on stderr is kept, up to 64 KB. At
// its end this process has its stderr back, and what was kept is written there. Those that were
// started keep nothing of it open. Where there is no memory for it, it does nothing.
class KeptStderr {
 public:
  KeptStderr();
  KeptStderr(const KeptStderr&) = delete;
  KeptStderr& operator=(const KeptStderr&) = delete;
  ~KeptStderr();

 private:
  UniqueFd before_;
  UniqueFd kept_;
};

}  // namespace wring::proxy
