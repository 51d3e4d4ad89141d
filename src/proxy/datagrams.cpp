// recvfrom() until there is no more, and sendmsg().
#include "proxy/datagrams.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

// A socket of IPv6 that takes both reaches an IPv4 address under its mapped form.
Endpoint mapped(const Endpoint& to) {
  const IpAddress four = remote_address(to);
  Endpoint six;
  six.remote.v6.sin6_family = AF_INET6;
  six.remote.v6.sin6_port = to.remote.v4.sin_port;
  std::uint8_t* const bytes = six.remote.v6.sin6_addr.s6_addr;
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(four.bytes.begin(), 4, bytes + 12);
  return six;
}

bool is_six(const UniqueFd& socket) {
  int family = 0;
  socklen_t size = sizeof family;
  return getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET6;
}

}  // namespace

Datagrams::~Datagrams() {
  *alive_ = false;
  loop_.forget(socket_.get());
}

bool Datagrams::start() {
  const auto react = [this](std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLERR)) != 0) receive();
  };
  return loop_.watch(socket_.get(), react).has_value();
}

void Datagrams::receive() {
  thread_local std::vector<char> buffer(kMaxSize);
  const std::shared_ptr<bool> alive = alive_;
  for (int i = 0; i < kPerTurn && *alive; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EAGAIN) return;
    // What an earlier datagram met with is told here.
    if (got < 0) continue;
    take_(endpoint_from(from), {buffer.data(), static_cast<std::size_t>(got)});
  }
  if (!*alive) return;
  loop_.later([this, alive] {
    if (*alive) receive();
  });
}

bool Datagrams::send(const Endpoint& to, std::string_view head, std::string_view payload) {
  Endpoint address = to.is_v4() && is_six(socket_) ? mapped(to) : to;
  std::array<iovec, 2> parts{iovec{const_cast<char*>(head.data()), head.size()},
                             iovec{const_cast<char*>(payload.data()), payload.size()}};
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = parts.size();
  if (to.is_set()) {
    out.msg_name = &address.remote;
    out.msg_namelen = address.remote_size();
  }
  return sendmsg(socket_.get(), &out, MSG_NOSIGNAL) >= 0;
}

}  // namespace wring::proxy
