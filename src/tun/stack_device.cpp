// Checks the socket, and gives it all the room that an ordinary user may have.
#include "tun/stack_device.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>

namespace wring {
namespace {

// For packets of a reader that is late. The kernel allows less (net.core.wmem_max).
constexpr int kRoom = 8 << 20;

int option_of(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

Result<StackDevice> StackDevice::adopt(UniqueFd socket, const std::string& name) {
  if (option_of(socket.get(), SO_DOMAIN) != AF_UNIX ||
      option_of(socket.get(), SO_TYPE) != SOCK_SEQPACKET) {
    return failure(
        "WG_STACK_FD is no local socket of type SOCK_SEQPACKET; hand in one end of a pair", EINVAL);
  }
  const int status = fcntl(socket.get(), F_GETFL);
  if (status < 0 || fcntl(socket.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    return system_failure("cannot make the stack's socket non-blocking", errno);
  }
  // What is refused leaves it as it is.
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kRoom, sizeof kRoom);
  return StackDevice(std::move(socket), name);
}

bool StackDevice::still_exists() const {
  char byte = 0;
  return recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

}  // namespace wring
