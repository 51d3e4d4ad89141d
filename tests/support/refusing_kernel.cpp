// Refuses output of the program into which it is preloaded (LD_PRELOAD), as kernels do that this
// machine does not run. REFUSED_OUTPUT names what, separated by commas:
//   tun_tcp, tun_udp   joined writes of this protocol to a TUN or a packet socket: EINVAL
//   segments           UDP_SEGMENT, whatever the size of the datagrams: EINVAL
//   tproxy             nftables' expression, which is asked for under another name: ENOENT
// Calls of the C library fail at once. What goes by io_uring is changed on its way to the kernel,
// which then refuses it: it becomes a message to an IPv4 address on a Unix socket.
#include <dlfcn.h>
#include <liburing.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

bool refuses(const char* what) {
  const char* const refused = std::getenv("REFUSED_OUTPUT");
  return refused != nullptr && std::strstr(refused, what) != nullptr;
}

const bool refuses_tcp = refuses("tun_tcp");
const bool refuses_udp = refuses("tun_udp");
const bool refuses_segments = refuses("segments");
const bool refuses_tproxy = refuses("tproxy");

// The gso_type of the virtio_net_hdr that the write begins with; 0 if it carries one packet.
unsigned gso_type(const iovec* parts, int count) {
  // Of a packet socket, with the header of the frame.
  if (count < 3 || (parts[0].iov_len != 10 && parts[0].iov_len != 10 + 14)) return 0;
  return static_cast<const std::uint8_t*>(parts[0].iov_base)[1];
}

bool has_segments(const msghdr& message) {
  msghdr copy = message;
  for (cmsghdr* each = CMSG_FIRSTHDR(&copy); each != nullptr; each = CMSG_NXTHDR(&copy, each)) {
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_SEGMENT) return true;
  }
  return false;
}

bool refuses_write(const iovec* parts, int count) {
  constexpr unsigned kUdpL4 = 5;
  const unsigned type = gso_type(parts, count);
  return type != 0 && (type == kUdpL4 ? refuses_udp : refuses_tcp);
}

bool refuses_send(const msghdr& message) {
  return refuses_segments && has_segments(message);
}

bool refuses_entry(const io_uring_sqe& entry) {
  if (entry.opcode == IORING_OP_WRITEV) {
    return refuses_write(reinterpret_cast<const iovec*>(entry.addr), static_cast<int>(entry.len));
  }
  return entry.opcode == IORING_OP_SENDMSG &&
         refuses_send(*reinterpret_cast<const msghdr*>(entry.addr));
}

// Made before the program lets go of its rights.
const int unix_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
sockaddr_in not_for_unix{.sin_family = AF_INET, .sin_port = 9, .sin_addr = {}, .sin_zero = {}};
msghdr refused_message{.msg_name = &not_for_unix,
                       .msg_namelen = sizeof not_for_unix,
                       .msg_iov = nullptr,
                       .msg_iovlen = 0,
                       .msg_control = nullptr,
                       .msg_controllen = 0,
                       .msg_flags = 0};

// Changes the entries that the kernel has not been shown yet.
void refuse_entries(const io_uring& ring) {
  for (unsigned at = ring.sq.sqe_head; at != ring.sq.sqe_tail; ++at) {
    io_uring_sqe& entry = ring.sq.sqes[at & ring.sq.ring_mask];
    if (!refuses_entry(entry)) continue;
    const auto data = entry.user_data;
    const auto flags = entry.flags;
    io_uring_prep_sendmsg(&entry, unix_socket, &refused_message, MSG_DONTWAIT);
    entry.user_data = data;
    entry.flags = flags;
  }
}

// Of a message to nftables, wherever its name stands.
void misspell_tproxy(const msghdr& message) {
  constexpr std::string_view kName = "tproxy";
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& part = message.msg_iov[i];
    const auto bytes = static_cast<char*>(part.iov_base);
    for (;;) {
      const auto at = std::string_view(bytes, part.iov_len).find(kName);
      if (at == std::string_view::npos) break;
      bytes[at] = 'T';
    }
  }
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  if (refuses_write(parts, count)) {
    errno = EINVAL;
    return -1;
  }
  return real(fd, parts, count);
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const real = next<ssize_t(int, const msghdr*, int)>("sendmsg");
  if (refuses_tproxy && message->msg_namelen == sizeof(sockaddr_nl)) misspell_tproxy(*message);
  return real(fd, message, flags);
}

extern "C" int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  static auto* const real = next<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  unsigned taken = 0;
  while (taken < count && !refuses_send(messages[taken].msg_hdr))
    ++taken;
  if (taken > 0) return real(fd, messages, taken, flags);
  errno = EINVAL;
  return -1;
}

extern "C" int io_uring_submit(io_uring* ring) {
  static auto* const real = next<int(io_uring*)>("io_uring_submit");
  refuse_entries(*ring);
  return real(ring);
}

extern "C" int io_uring_submit_and_get_events(io_uring* ring) {
  static auto* const real = next<int(io_uring*)>("io_uring_submit_and_get_events");
  refuse_entries(*ring);
  return real(ring);
}

extern "C" int io_uring_submit_and_wait(io_uring* ring, unsigned count) {
  static auto* const real = next<int(io_uring*, unsigned)>("io_uring_submit_and_wait");
  refuse_entries(*ring);
  return real(ring, count);
}

extern "C" int io_uring_submit_and_wait_timeout(io_uring* ring, io_uring_cqe** completion,
                                                unsigned count, __kernel_timespec* timeout,
                                                sigset_t* signals) {
  using Function = int(io_uring*, io_uring_cqe**, unsigned, __kernel_timespec*, sigset_t*);
  static auto* const real = next<Function>("io_uring_submit_and_wait_timeout");
  refuse_entries(*ring);
  return real(ring, completion, count, timeout, signals);
}
