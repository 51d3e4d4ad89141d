// Opens a socket in another namespace from a thread that enters it.
#include "netlink/namespace_socket.h"

#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "netlink/tun_namespace.h"

namespace wring {

Result<UniqueFd> socket_beside_tun(int tun_fd, int domain, int type, int protocol) {
  UniqueFd here(socket(domain, type | SOCK_CLOEXEC, protocol));
  if (!here) return system_failure("cannot open a socket to the network interfaces", errno);

  const auto theirs = other_namespace_of_tun(tun_fd, here.get());
  if (!theirs) return tl::unexpected(theirs.error());
  if (!*theirs) return here;

  // Each thread has its own network namespace. A thread that ends here leaves the process where it
  // is.
  UniqueFd there;
  int error = 0;
  std::thread([&] {
    if (setns(theirs->get(), CLONE_NEWNET) == 0) {
      there.reset(socket(domain, type | SOCK_CLOEXEC, protocol));
    }
    if (!there) error = errno;
  }).join();
  if (!there) {
    return system_failure("cannot enter the network namespace of the interface", error,
                          "it takes CAP_SYS_ADMIN");
  }
  return there;
}

}  // namespace wring
