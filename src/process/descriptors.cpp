// Makes sure that numbers 0 to 2 are the standard streams and nothing else.
#include "process/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace wring {

Result<void> open_missing_standard_streams() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // In this order the lowest free number is the one that is missing.
    if (fcntl(standard, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != standard) {
      return system_failure("cannot open /dev/null", errno);
    }
  }
  return {};
}

Result<UniqueFd> take_handed_in(int fd, const char* variable) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (copy) return copy;
  const int error = errno;
  return system_failure(std::string("cannot use ") + variable + "=" + std::to_string(fd), error,
                        error == EBADF ? "unset it, or hand in an open descriptor" : "");
}

}  // namespace wring
