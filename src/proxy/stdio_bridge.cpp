// A thread for each direction, which blocks.
#include "proxy/stdio_bridge.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>
#include <utility>

namespace wring::proxy {
namespace {

constexpr std::size_t kSize = 64U << 10;

// Until there is no more, or the other takes no more.
void copy(int from, int to) {
  std::array<char, kSize> buffer;
  for (;;) {
    const ssize_t got = read(from, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    for (ssize_t done = 0; done < got;) {
      const ssize_t more = write(to, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (more < 0 && errno != EINTR) return;
      if (more > 0) done += more;
    }
  }
}

}  // namespace

Result<StdioBridge> bridge_stdio(const std::function<void()>& confine) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_failure("cannot make a pair of sockets", errno);
  }
  StdioBridge bridge;
  bridge.socket.reset(ends[0]);
  const int theirs = ends[1];  // stays open for as long as the process lives
  if (fcntl(bridge.socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    return system_failure("cannot make a pair of sockets", errno);
  }
  std::thread([theirs, confine] {
    confine();
    copy(STDIN_FILENO, theirs);
    shutdown(theirs, SHUT_WR);
  }).detach();
  bridge.to_stdout = std::thread([theirs, confine] {
    confine();
    copy(theirs, STDOUT_FILENO);
    close(STDOUT_FILENO);
    shutdown(theirs, SHUT_RD);
  });
  return bridge;
}

}  // namespace wring::proxy
