// In place of all that needs lwIP, where its source was missing.
#include "stack/stack_process.h"

namespace wring::stack {

bool is_built_in() {
  return false;
}

Result<void> run_stack(StackTask) {
  return failure("this program was built without lwIP");
}

}  // namespace wring::stack
