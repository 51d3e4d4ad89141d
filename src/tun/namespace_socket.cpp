#include "tun/namespace_socket.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

namespace wring {
namespace {

bool same_namespace(int a, int b) {
  struct stat of_a {};
  struct stat of_b {};
  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
         of_a.st_dev == of_b.st_dev;
}

}  // namespace

Result<UniqueFd> socket_beside_tun(int tun_fd, int domain, int type, int protocol) {
  UniqueFd here(socket(domain, type | SOCK_CLOEXEC, protocol));
  if (!here) return system_failure("cannot open a socket to the network interfaces", errno);

  const UniqueFd theirs(ioctl(tun_fd, TUNGETDEVNETNS));
  if (!theirs && errno == EBADFD) return failure("the interface was deleted", EBADFD);
  // Without the right to ask (EPERM), or before Linux 5.12 (EINVAL), there is only our own
  // namespace.
  if (!theirs) return here;
  const UniqueFd ours(ioctl(here.get(), SIOCGSKNS));
  if (ours && same_namespace(ours.get(), theirs.get())) return here;

  // A namespace is a thread's: one that lives just for this leaves the process where it is.
  UniqueFd there;
  int error = 0;
  std::thread([&] {
    if (setns(theirs.get(), CLONE_NEWNET) == 0) {
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
