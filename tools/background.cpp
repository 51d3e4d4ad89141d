#include "tools/background.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace wring {

Result<BackgroundStart> BackgroundStart::fork_child() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return system_failure("cannot go to the background", errno);
  }
  UniqueFd ours(pair[0]);
  UniqueFd childs(pair[1]);
  const pid_t child = ::fork();
  if (child < 0) return system_failure("cannot go to the background", errno);
  if (child == 0) {
    ours.reset();
    ::setsid();
    return BackgroundStart(std::move(childs));
  }
  childs.reset();
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(ours.get(), &byte, 1);
  } while (got < 0 && errno == EINTR);
  // Without destructors: sockets and files belong to the child.
  ::_exit(got == 1 ? 0 : 1);
}

void BackgroundStart::ready() {
  // The folder it was started in may be unmounted later.
  if (::chdir("/") != 0) return;
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    ::dup2(null.get(), standard);
  }
  const char byte = 1;
  // A parent that was killed meanwhile has nobody to tell.
  [[maybe_unused]] const ssize_t told = ::write(parent_.get(), &byte, 1);
  parent_.reset();
}

}  // namespace wring
