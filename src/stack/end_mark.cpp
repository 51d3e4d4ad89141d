// An eventfd, which is readable from the moment at which it is set.
#include "stack/end_mark.h"

#include <poll.h>
#include <sys/eventfd.h>

namespace wring::stack {

UniqueFd make_end_mark() {
  return UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void set_end_mark(const UniqueFd& mark) {
  static_cast<void>(eventfd_write(mark.get(), 1));
}

bool end_is_marked(const UniqueFd& mark) {
  pollfd set{mark.get(), POLLIN, 0};
  return poll(&set, 1, 0) == 1 && (set.revents & POLLIN) != 0;
}

}  // namespace wring::stack
