// Going to the background in two steps, so that the parent returns only when the interface answers
// (P41).
#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wring {

// The child's part, until it is ready. It keeps stderr, so that a failure is seen where the program
// was started.
class BackgroundStart {
 public:
  // Forks. Call it while there is one thread only. Returns only in the child, which closes every
  // inherited descriptor except stdin, stdout, stderr and those of `keep` (negative ones count as
  // none). The parent waits for ready() and exits with 0, or with 1 if the child ends before that.
  static Result<BackgroundStart> fork_child(std::vector<int> keep);
  // Opens what ready() needs, because a confined thread cannot.
  [[nodiscard]] Result<void> prepare();
  // Lets go of the terminal and lets the parent return. Fails if the parent has gone: it was
  // interrupted, so nobody expects an interface. After prepare().
  [[nodiscard]] Result<void> ready();

 private:
  explicit BackgroundStart(UniqueFd parent) : parent_(std::move(parent)) {}
  UniqueFd parent_;
  UniqueFd null_;
};

}  // namespace wring
