// Sockets of this thread's namespace, and a stock of another's.
#include "proxy/sides.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>

#include "proxy/addresses.h"
#include "proxy/outside_sockets.h"

namespace wring::proxy {
namespace {

UniqueFd make(IpVersion version, int type) {
  const int family = version == IpVersion::kV4 ? AF_INET : AF_INET6;
  UniqueFd made(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  constexpr int kOn = 1;
  if (made && type == SOCK_STREAM) {
    setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    setsockopt(made.get(), SOL_SOCKET, SO_OOBINLINE, &kOn, sizeof kOn);
  }
  return made;
}

Endpoint name_by(int (*call)(int, sockaddr*, socklen_t*), int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  return call(socket, reinterpret_cast<sockaddr*>(&name), &size) == 0 ? endpoint_from(name)
                                                                      : Endpoint();
}

// Saves a packet: the kernel would acknowledge the other end's SYN by itself. It waits for up to
// 200 ms then, and is as before from there on.
void acknowledge_with_bytes(int socket) {
  constexpr int kOff = 0;
  setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &kOff, sizeof kOff);
}

}  // namespace

bool Side::connect(int socket, const Endpoint& to, Manner manner) {
  if (manner.bytes_follow) acknowledge_with_bytes(socket);
  return ::connect(socket, &to.remote.any, to.remote_size()) == 0;
}

bool Side::hand_over(int /*socket*/, int /*client*/, std::string_view /*first*/) {
  return false;
}

std::optional<stack::Report> Side::passed(int /*socket*/) {
  return std::nullopt;
}

std::optional<int> Side::outcome(int socket, std::uint32_t events) {
  constexpr std::uint32_t kFailed = EPOLLERR | EPOLLHUP;
  if ((events & (EPOLLOUT | kFailed)) == 0) return std::nullopt;
  if ((events & kFailed) == 0) return 0;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Endpoint Side::own_address(int socket) {
  return name_by(getsockname, socket);
}

Endpoint Side::other_address(int socket) {
  return name_by(getpeername, socket);
}

UniqueFd Side::end_mark(int) {
  return {};
}

// By the routing table.
IpAddress Side::source_towards(const IpAddress& target) {
  const UniqueFd probe = socket(target.version, SOCK_DGRAM);
  constexpr std::uint16_t kAnyPort = 9;
  if (!probe || !connect(probe.get(), endpoint_at(target, kAnyPort), {})) return target;
  const Endpoint from = own_address(probe.get());
  return from.is_set() ? remote_address(from) : target;
}

Result<UniqueFd> Side::open_port(int type, std::uint16_t port) {
  return open_inside(type, port);
}

std::uint16_t Side::number_of(int port) {
  return port_of(own_address(port));
}

Echoes Side::echoes(IpVersion version) {
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  const int family = version == IpVersion::kV4 ? AF_INET : AF_INET6;
  const int protocol = version == IpVersion::kV4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  Echoes made{UniqueFd(::socket(family, SOCK_DGRAM | kFlags, protocol)), Echoes::Kind::kPing};
  if (made.socket) return made;
  return {UniqueFd(::socket(family, SOCK_RAW | kFlags, protocol)), Echoes::Kind::kRaw};
}

UniqueFd Side::accept(int port, Endpoint& from) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  UniqueFd taken(
      accept4(port, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  from = endpoint_from(address);
  return taken;
}

UniqueFd HereSide::socket(IpVersion version, int type) {
  return make(version, type);
}

UniqueFd OtherSide::socket(IpVersion version, int type) {
  std::unique_lock lock(mutex_);
  std::vector<UniqueFd>& stock = ready_[{version, type}];
  error_ = 0;
  if (stock.size() <= kInAdvance / 2) asked_.notify_one();
  made_.wait(lock, [&] { return !stock.empty() || error_ != 0 || stopped_; });
  if (stock.empty()) {
    errno = error_ != 0 ? error_ : ECANCELED;
    return {};
  }
  UniqueFd taken = std::move(stock.back());
  stock.pop_back();
  return taken;
}

void OtherSide::serve() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    for (auto& [kind, stock] : ready_) {
      while (stock.size() < kInAdvance && error_ == 0) {
        UniqueFd one = make(kind.first, kind.second);
        if (!one) error_ = errno;
        if (one) stock.push_back(std::move(one));
      }
    }
    made_.notify_all();
    asked_.wait(lock);
  }
}

void OtherSide::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  asked_.notify_all();
  made_.notify_all();
}

}  // namespace wring::proxy
