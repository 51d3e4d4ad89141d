// Puts an errno and an advice into the message of an error.
#include "base/result.h"

#include <system_error>

namespace wring {

tl::unexpected<Error> system_failure(const std::string& what, int code, const std::string& advice) {
  std::string message = what + ": " + std::generic_category().message(code);
  if (!advice.empty()) message += "; " + advice;
  return failure(std::move(message), code);
}

}  // namespace wring
