// An eventfd that any thread can make readable.
#include "base/wakeup.h"

#include <sys/eventfd.h>

#include <cerrno>

namespace wring {

Result<Wakeup> Wakeup::create() {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return system_failure("cannot make an eventfd", errno);
  return Wakeup(std::move(fd));
}

void Wakeup::clear() const {
  eventfd_t count = 0;
  static_cast<void>(eventfd_read(fd_.get(), &count));
}

void Wakeup::notify() const {
  static_cast<void>(eventfd_write(fd_.get(), 1));
}

}  // namespace wring
