// Datagrams between lwIP and messages to the relay.
#include "stack/datagram_link.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "stack/address.h"
#include "stack/answers.h"

namespace wring::stack {
namespace {

constexpr std::size_t kMostSize = kDatagramHeadSize + 65535;
constexpr int kPerTurn = 64;

}  // namespace

void send_datagram(const UniqueFd& end, const Place& from, const pbuf* data) {
  constexpr std::size_t kMostParts = 64;
  const auto head = encode(DatagramHead{from, false});
  std::array<iovec, kMostParts> parts;
  std::size_t count = 0;
  parts[count++] = {const_cast<std::uint8_t*>(head.data()), head.size()};
  for (const pbuf* each = data; each != nullptr; each = each->next) {
    if (count == parts.size()) return;
    parts[count++] = {each->payload, each->len};
  }
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = count;
  static_cast<void>(sendmsg(end.get(), &out, MSG_DONTWAIT | MSG_NOSIGNAL));
}

std::unique_ptr<DatagramLink> DatagramLink::open(Links& links, const Place& at, UniqueFd end) {
  std::unique_ptr<DatagramLink> made(new DatagramLink(links, std::move(end)));
  DatagramLink& self = *made;
  const int error = self.bind(at);
  if (error != 0) {
    if (at.port != 0) tell_failure(self.socket_, error);
    return nullptr;
  }
  const auto added = links.loop().add(self.socket_.get(), EPOLLIN | EPOLLRDHUP,
                                      [&self](std::uint32_t) { self.on_socket(); });
  if (!added) return nullptr;
  if (at.port != 0 && !tell_place(self.socket_, at)) return nullptr;
  return made;
}

int DatagramLink::bind(const Place& at) {
  port_ = udp_new_ip_type(IPADDR_TYPE_ANY);
  if (port_ == nullptr) return ENOBUFS;
  const err_t error = udp_bind(port_, IP_ANY_TYPE, at.port);
  if (error != ERR_OK) return error == ERR_USE ? EADDRINUSE : ENOBUFS;
  udp_recv(
      port_,
      [](void* self, udp_pcb*, pbuf* data, const ip_addr_t* from, u16_t port) {
        static_cast<DatagramLink*>(self)->receive(data, {from_lwip(*from), port});
        pbuf_free(data);
      },
      this);
  return 0;
}

DatagramLink::~DatagramLink() {
  if (socket_) links_.loop().remove(socket_.get());
  if (port_ != nullptr) udp_remove(port_);
}

void DatagramLink::on_socket() {
  thread_local std::vector<std::uint8_t> buffer(kMostSize);
  for (int i = 0; i < kPerTurn; ++i) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return links_.end(*this);
    send(ByteSpan(buffer).first(static_cast<std::size_t>(got)));
  }
}

void DatagramLink::send(ByteSpan message) {
  const auto head = decode_datagram_head(message);
  if (!head) return;
  if (head->connects) {
    connected_ = head->place;
    return;
  }
  const std::optional<Place>& to = head->place ? head->place : connected_;
  const ByteSpan payload = message.subspan(kDatagramHeadSize);
  if (!to) return;
  pbuf* const data = pbuf_alloc(PBUF_TRANSPORT, static_cast<u16_t>(payload.size()), PBUF_RAM);
  if (data == nullptr) return;
  static_cast<void>(pbuf_take(data, payload.data(), static_cast<u16_t>(payload.size())));
  const ip_addr_t address = to_lwip(to->address);
  // As with any datagram, nobody hears that it was lost.
  static_cast<void>(udp_sendto(port_, data, &address, to->port));
  pbuf_free(data);
}

void DatagramLink::receive(pbuf* data, const Place& from) {
  if (!connected_ || *connected_ == from) send_datagram(socket_, from, data);
}

}  // namespace wring::stack
