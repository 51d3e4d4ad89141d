// Refuses output of the program into which it is preloaded (LD_PRELOAD), as kernels do that this
// machine does not run. REFUSED_OUTPUT names what, separated by commas:
//   tun_tcp, tun_udp   joined writes of this protocol to a TUN: EINVAL
//   segments           UDP_SEGMENT, whatever the size of the datagrams: EINVAL
// Only calls of the C library are seen, so the program must send by epoll, not by io_uring.
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

bool refuses(const char* what) {
  const char* const refused = std::getenv("REFUSED_OUTPUT");
  return refused != nullptr && std::strstr(refused, what) != nullptr;
}

const bool refuses_tcp = refuses("tun_tcp");
const bool refuses_udp = refuses("tun_udp");
const bool refuses_segments = refuses("segments");

// The gso_type of the virtio_net_hdr that the write begins with; 0 if it carries one packet.
unsigned gso_type(const iovec* parts, int count) {
  if (count < 3 || parts[0].iov_len != 10) return 0;
  return static_cast<const std::uint8_t*>(parts[0].iov_base)[1];
}

bool has_segments(const msghdr& message) {
  msghdr copy = message;
  for (cmsghdr* each = CMSG_FIRSTHDR(&copy); each != nullptr; each = CMSG_NXTHDR(&copy, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_SEGMENT) return true;
  }
  return false;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  constexpr unsigned kUdpL4 = 5;
  const unsigned type = gso_type(parts, count);
  if (type != 0 && (type == kUdpL4 ? refuses_udp : refuses_tcp)) {
    errno = EINVAL;
    return -1;
  }
  return real(fd, parts, count);
}

extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  static auto* const real = next<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  unsigned taken = 0;
  while (taken < count && !(refuses_segments && has_segments(messages[taken].msg_hdr)))
    ++taken;
  if (taken > 0) return real(fd, messages, taken, flags);
  errno = EINVAL;
  return -1;
}
