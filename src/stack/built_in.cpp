// Says that lwIP is there.
#include "stack/stack_process.h"

namespace wring::stack {

bool is_built_in() {
  return true;
}

}  // namespace wring::stack
