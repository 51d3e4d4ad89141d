// sendmsg() and recvmsg(), with a name beside the bytes or with a head in front of them.
#include "proxy/datagram_io.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

int option_of(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

iovec part(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool has_heads(int socket) {
  return option_of(socket, SO_DOMAIN) == AF_UNIX && option_of(socket, SO_TYPE) == SOCK_SEQPACKET;
}

stack::Place place_of(const Endpoint& endpoint) {
  return {remote_address(endpoint), port_of(endpoint)};
}

bool send_datagram(int socket, bool with_head, const Endpoint& to, std::string_view head,
                   std::string_view payload) {
  stack::DatagramHead named;
  if (to.is_set()) named.place = place_of(to);
  const auto name = encode(named);
  std::array<iovec, 3> parts{iovec{const_cast<std::uint8_t*>(name.data()), name.size()}, part(head),
                             part(payload)};
  Endpoint address = to;
  msghdr out{};
  out.msg_iov = with_head ? parts.data() : parts.data() + 1;
  out.msg_iovlen = with_head ? 3 : 2;
  if (to.is_set() && !with_head) {
    out.msg_name = &address.remote;
    out.msg_namelen = address.remote_size();
  }
  return sendmsg(socket, &out, MSG_NOSIGNAL) >= 0;
}

ssize_t receive_datagram(int socket, bool with_head, std::span<char> into, Endpoint& from) {
  if (!with_head) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    const ssize_t got =
        recvfrom(socket, into.data(), into.size(), 0, reinterpret_cast<sockaddr*>(&name), &size);
    if (got >= 0) from = endpoint_from(name);
    return got;
  }
  Bytes<stack::kDatagramHeadSize> head{};
  std::array<iovec, 2> parts{iovec{head.data(), head.size()}, iovec{into.data(), into.size()}};
  msghdr in{};
  in.msg_iov = parts.data();
  in.msg_iovlen = parts.size();
  const ssize_t got = recvmsg(socket, &in, 0);
  if (got < 0) return got;
  // The stack is gone, which is no datagram.
  if (got == 0) {
    errno = EAGAIN;
    return -1;
  }
  const auto named = stack::decode_datagram_head(
      ByteSpan(head).first(std::min<std::size_t>(static_cast<std::size_t>(got), head.size())));
  if (!named || !named->place) return 0;
  from = endpoint_at(named->place->address, named->place->port);
  return got - static_cast<ssize_t>(head.size());
}

bool connect_datagrams(int socket, const Endpoint& to) {
  const auto head = encode(stack::DatagramHead{place_of(to), true});
  return send(socket, head.data(), head.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace wring::proxy
