// sendmsg() and recvmsg(), with a name beside the bytes or with a head in front of them, and what
// the kernel says beside them.
#include "proxy/datagram_io.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

iovec part(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

template <typename T>
T data_of(const cmsghdr& told) {
  T value;
  std::memcpy(&value, CMSG_DATA(&told), sizeof value);
  return value;
}

// Not set: it is about something else.
Endpoint target_in(const cmsghdr& told) {
  Endpoint target;
  if (told.cmsg_level == SOL_IP && told.cmsg_type == IP_ORIGDSTADDR) {
    target.remote.v4 = data_of<sockaddr_in>(told);
  } else if (told.cmsg_level == SOL_IP && told.cmsg_type == IP_PKTINFO) {
    target.remote.v4.sin_family = AF_INET;
    target.remote.v4.sin_addr = data_of<in_pktinfo>(told).ipi_addr;
  } else if (told.cmsg_level == SOL_IPV6 && told.cmsg_type == IPV6_ORIGDSTADDR) {
    sockaddr_storage address{};
    std::memcpy(&address, CMSG_DATA(&told), sizeof(sockaddr_in6));
    return endpoint_from(address);
  } else if (told.cmsg_level == SOL_IPV6 && told.cmsg_type == IPV6_PKTINFO) {
    target.remote.v6.sin6_family = AF_INET6;
    target.remote.v6.sin6_addr = data_of<in6_pktinfo>(told).ipi6_addr;
  }
  return target;
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

ssize_t receive_with_target(int socket, std::span<char> into, Endpoint& from, Endpoint& to) {
  sockaddr_storage name{};
  alignas(cmsghdr) std::array<char, 256> told;
  iovec all{into.data(), into.size()};
  msghdr in{};
  in.msg_name = &name;
  in.msg_namelen = sizeof name;
  in.msg_iov = &all;
  in.msg_iovlen = 1;
  in.msg_control = told.data();
  in.msg_controllen = told.size();
  const ssize_t got = recvmsg(socket, &in, 0);
  if (got < 0) return got;
  from = endpoint_from(name);
  for (cmsghdr* each = CMSG_FIRSTHDR(&in); each != nullptr; each = CMSG_NXTHDR(&in, each)) {
    if (const Endpoint target = target_in(*each); target.is_set()) to = target;
  }
  return got;
}

bool connect_datagrams(int socket, const Endpoint& to) {
  const auto head = encode(stack::DatagramHead{place_of(to), true});
  return send(socket, head.data(), head.size(), MSG_NOSIGNAL) >= 0;
}

}  // namespace wring::proxy
