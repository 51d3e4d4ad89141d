// Compares the namespace of an interface with the namespace of a socket.
#include "netlink/tun_namespace.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>

namespace wring {
namespace {

bool same_namespace(int a, int b) {
  struct stat of_a {};
  struct stat of_b {};
  return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
         of_a.st_dev == of_b.st_dev;
}

}  // namespace

Result<UniqueFd> other_namespace_of_tun(int tun_fd, int socket) {
  UniqueFd theirs(ioctl(tun_fd, TUNGETDEVNETNS));
  if (!theirs && errno == EBADFD) return failure("the interface was deleted", EBADFD);
  // EPERM, or EINVAL on a kernel before 5.12.
  if (!theirs) return UniqueFd();
  const UniqueFd ours(ioctl(socket, SIOCGSKNS));
  if (ours && same_namespace(ours.get(), theirs.get())) return UniqueFd();
  return theirs;
}

}  // namespace wring
