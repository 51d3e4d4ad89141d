// Going to the background in two steps, so that the parent returns only when the interface answers
// (P41).
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// In the child, until it is ready: keeps stderr, so that a failure is seen where the program was
// started.
class BackgroundStart {
 public:
  // Forks, while there is one thread only. Returns in the child alone, which keeps of the
  // descriptors it inherited only the standard ones and those of `keep`: the parent waits for
  // ready() and exits with 0, or with 1 if the child ends before that.
  static Result<BackgroundStart> fork_child(std::vector<int> keep);
  // What ready() needs and cannot get once system calls are filtered.
  [[nodiscard]] Result<void> prepare();
  // Lets go of the terminal and lets the parent return. Fails if the parent has gone: whoever
  // started us was interrupted, and does not expect an interface. After prepare().
  [[nodiscard]] Result<void> ready();

 private:
  explicit BackgroundStart(UniqueFd parent) : parent_(std::move(parent)) {}
  UniqueFd parent_;
  UniqueFd null_;
};

}  // namespace wring
