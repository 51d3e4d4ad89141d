// A fork whose parent waits for one byte from its child.
#include "cli/background.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace wring {

namespace {

// The program that started us may wait for the end of a pipe, or hold a lock by a descriptor.
void close_all_but(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned first = STDERR_FILENO + 1;
  for (const int kept : keep) {
    const auto fd = static_cast<unsigned>(kept);
    if (kept < 0 || fd < first) continue;
    if (fd > first) close_range(first, fd - 1, 0);
    first = fd + 1;
  }
  close_range(first, ~0U, 0);
}

}  // namespace

Result<BackgroundStart> BackgroundStart::fork_child(std::vector<int> keep) {
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
    keep.push_back(childs.get());
    close_all_but(std::move(keep));
    ::setsid();
    return BackgroundStart(std::move(childs));
  }
  childs.reset();
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(ours.get(), &byte, 1);
  } while (got < 0 && errno == EINTR);
  // No destructors run, because sockets and files belong to the child.
  ::_exit(got == 1 ? 0 : 1);
}

Result<void> BackgroundStart::prepare() {
  // The folder it was started in may be unmounted later.
  if (::chdir("/") != 0) return system_failure("cannot change to the root folder", errno);
  null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_) return system_failure("cannot open /dev/null", errno);
  return {};
}

Result<void> BackgroundStart::ready() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(null_.get(), standard) < 0) {
      return system_failure("cannot let go of the terminal", errno);
    }
  }
  null_.reset();
  const char byte = 1;
  if (::send(parent_.get(), &byte, 1, MSG_NOSIGNAL) != 1) {
    return failure("the program that started this one has gone");
  }
  parent_.reset();
  return {};
}

}  // namespace wring
