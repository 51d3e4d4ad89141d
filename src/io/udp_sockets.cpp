// Opens the UDP sockets of a port, and sends on them.
#include "io/udp_sockets.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "io/datagram_headers.h"
#include "steering/reuseport_steering.h"

namespace wring {
namespace {

// Room for datagrams that arrive while a worker is busy. A sender on the same cores may be ahead by
// the windows of a few TCP streams. With 4 MB, four and more streams lost joined datagrams.
constexpr int kReceiveBuffer = 8 << 20;
// Room for what is sent ahead of a slow interface. All workers have it together, because what it
// holds is a delay for everyone who sends by that interface.
constexpr int kSendBuffer = 4 << 20;
constexpr int kLeastSendBuffer = 512 << 10;  // of each worker
// Port 0 means one that is free in both families. The one that IPv4 got may be taken in IPv6.
constexpr int kMaxPortAttempts = 100;

// What all sockets of one open() have in common.
struct Group {
  std::uint16_t port = 0;  // 0 until the first socket has picked one
  std::uint32_t fwmark = 0;
  SocketSpread spread = 1;
  bool offload = false;
  SocketRoom receive_room;
  SocketRoom send_room;
};

struct Option {
  int level;
  int name;
  int value;
  const char* what;
};

Result<void> set_option(int fd, const Option& option) {
  if (setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) == 0) return {};
  const int error = errno;
  return system_failure(std::string("cannot set ") + option.what + " on a UDP socket", error,
                        error == EPERM ? "it takes CAP_NET_ADMIN" : "");
}

Result<void> set_mark(int fd, std::uint32_t fwmark) {
  return set_option(fd, {SOL_SOCKET, SO_MARK, static_cast<int>(fwmark), "the fwmark"});
}

// Past the system's limit (net.core.rmem_max) where we may, else up to it.
SocketRoom enlarge(int fd, int forced, int plain, int size) {
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0) {
    setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
  }
  int got = 0;
  socklen_t length = sizeof got;
  getsockopt(fd, SOL_SOCKET, plain, &got, &length);
  return {size, got / 2};  // The kernel counts twice what was asked for (socket(7)).
}

Result<void> configure(int fd, int family, Group& group) {
  // Path-MTU discovery is off, as in the kernel's module. An outer packet that is too large is
  // fragmented on its way, because nobody can tell the sender of the inner packet.
  static constexpr Option kV4[] = {
      {IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"},
      {IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS"},
      {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
  };
  static constexpr Option kV6[] = {
      {IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"},
      {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
      {IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS"},
      {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER"},
  };
  if (family == AF_INET) {
    for (const Option& option : kV4) {
      if (auto set = set_option(fd, option); !set) return set;
    }
  } else {
    for (const Option& option : kV6) {
      if (auto set = set_option(fd, option); !set) return set;
    }
  }
  const int send_buffer = kSendBuffer / static_cast<int>(group.spread.workers);
  group.receive_room = enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF, kReceiveBuffer);
  group.send_room = enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF, std::max(kLeastSendBuffer, send_buffer));
  if (group.offload) {
    const int on = 1;
    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on,
               sizeof on);  // before Linux 5.0 datagrams come one by one
  }
  if (group.fwmark != 0) return set_mark(fd, group.fwmark);
  return {};
}

Result<void> bind_any(int fd, int family, std::uint16_t port) {
  int bound = 0;
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  if (bound == 0) return {};
  const int error = errno;
  return system_failure("cannot listen on UDP port " + std::to_string(port), error,
                        error == EADDRINUSE ? "choose another ListenPort" : "");
}

Result<std::uint16_t> port_of(int fd) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_failure("cannot read the port of a UDP socket", errno);
  }
  return ntohs(address.sin6_port);  // in the same place as sin_port
}

// The sockets of one family; none where the host lacks it.
//
// Several sockets share the port by SO_REUSEPORT. That also lets in every program of the same user,
// a second wring for example, and the kernel would spread our datagrams over both. So the first
// socket binds without the option, which fails if anyone has the port. Then it gets the option, and
// the others join. A program that joins later becomes a socket past `workers`, which the steering
// never chooses.
Result<std::vector<UniqueFd>> open_family(int family, Group& group) {
  std::vector<UniqueFd> sockets;
  for (unsigned worker = 0; worker < group.spread.workers; ++worker) {
    UniqueFd fd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
    if (!fd) {
      if (errno == EAFNOSUPPORT) return sockets;
      return system_failure("cannot open a UDP socket", errno);
    }
    if (auto set = configure(fd.get(), family, group); !set) return tl::unexpected(set.error());
    const Option share{SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"};
    if (worker > 0) {
      if (auto set = set_option(fd.get(), share); !set) return tl::unexpected(set.error());
    }
    if (auto bound = bind_any(fd.get(), family, group.port); !bound) {
      if (worker == 0 && bound.error().code == EADDRNOTAVAIL) return sockets;
      return tl::unexpected(bound.error());
    }
    if (worker == 0) {
      const auto port = port_of(fd.get());
      if (!port) return tl::unexpected(port.error());
      group.port = *port;
      if (group.spread.workers > 1) {
        if (auto set = set_option(fd.get(), share); !set) return tl::unexpected(set.error());
      }
    }
    sockets.push_back(std::move(fd));
  }
  if (group.spread.workers > 1) {
    auto steered = steer_by_word(sockets[0].get(), group.spread);
    if (!steered) return tl::unexpected(steered.error());
  }
  return sockets;
}

}  // namespace

Result<std::shared_ptr<UdpSockets>> UdpSockets::open(std::uint16_t port, std::uint32_t fwmark,
                                                     const SocketSpread& spread, bool offload) {
  for (int attempt = 1;; ++attempt) {
    Group group{port, fwmark, spread, offload, {}, {}};
    auto v4 = open_family(AF_INET, group);
    if (!v4) return tl::unexpected(v4.error());
    auto v6 = open_family(AF_INET6, group);
    if (!v6) {
      if (port == 0 && v6.error().code == EADDRINUSE && attempt < kMaxPortAttempts) continue;
      return tl::unexpected(v6.error());
    }
    if (v4->empty() && v6->empty()) {
      return failure("cannot open a UDP socket: this host has neither IPv4 nor IPv6", EAFNOSUPPORT);
    }
    std::shared_ptr<UdpSockets> sockets(new UdpSockets);
    sockets->v4_ = std::move(*v4);
    sockets->v6_ = std::move(*v6);
    sockets->port_ = group.port;
    sockets->receive_room_ = group.receive_room;
    sockets->send_room_ = group.send_room;
    return sockets;
  }
}

Result<void> UdpSockets::set_fwmark(std::uint32_t fwmark) const {
  for (const auto* sockets : {&v4_, &v6_}) {
    for (const UniqueFd& fd : *sockets) {
      if (auto set = set_mark(fd.get(), fwmark); !set) return set;
    }
  }
  return {};
}

int UdpSockets::send(unsigned worker, const OutgoingDatagram& datagram) const {
  const int fd = datagram.to->is_v4() ? fd_v4(worker) : datagram.to->is_v6() ? fd_v6(worker) : -1;
  if (fd < 0) return EAFNOSUPPORT;
  SendHeader header;
  header.fill(datagram);
  for (;;) {
    if (sendmsg(fd, &header.message(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace wring
