// Receives until there is no more, and sends.
#include "proxy/datagrams.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proxy/addresses.h"
#include "proxy/datagram_io.h"

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

}  // namespace

Datagrams::Datagrams(Loop& loop, UniqueFd socket, Take take)
    : loop_(loop),
      socket_(std::move(socket)),
      with_heads_(has_heads(socket_.get())),
      is_six_(option_of(socket_.get(), SO_DOMAIN) == AF_INET6),
      take_(std::move(take)) {}

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
    Endpoint from;
    const ssize_t got = receive_datagram(socket_.get(), with_heads_, buffer, from);
    if (got < 0 && errno == EAGAIN) return;
    // What an earlier datagram met with is told here.
    if (got < 0) continue;
    take_(from, {buffer.data(), static_cast<std::size_t>(got)});
  }
  if (!*alive) return;
  loop_.later([this, alive] {
    if (*alive) receive();
  });
}

bool Datagrams::send(const Endpoint& to, std::string_view head, std::string_view payload) {
  const bool maps = !with_heads_ && to.is_v4() && is_six_;
  return send_datagram(socket_.get(), with_heads_, maps ? mapped(to) : to, head, payload);
}

}  // namespace wring::proxy
