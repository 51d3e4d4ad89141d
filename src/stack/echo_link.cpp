// ICMP and ICMPv6 by a raw socket of lwIP's. lwIP itself answers requests.
#include "stack/echo_link.h"

#include <lwip/ip.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "stack/address.h"
#include "stack/datagram_link.h"

namespace wring::stack {
namespace {

constexpr std::size_t kMostEcho = 1024;
constexpr u16_t kEchoChecksumAt = 2;

}  // namespace

std::unique_ptr<EchoLink> EchoLink::open(Links& links, IpVersion version, UniqueFd end) {
  std::unique_ptr<EchoLink> made(new EchoLink(links, std::move(end)));
  EchoLink& self = *made;
  const bool four = version == IpVersion::kV4;
  self.port_ = raw_new_ip_type(four ? u8_t{IPADDR_TYPE_V4} : u8_t{IPADDR_TYPE_V6},
                               four ? IP_PROTO_ICMP : IP6_NEXTH_ICMP6);
  if (self.port_ == nullptr) return nullptr;
  if (!four) {
    self.port_->chksum_reqd = 1;
    self.port_->chksum_offset = kEchoChecksumAt;
  }
  raw_recv(
      self.port_,
      [](void* link, raw_pcb*, pbuf* packet, const ip_addr_t* from) -> u8_t {
        if (!static_cast<EchoLink*>(link)->receive(packet, *from)) return 0;
        pbuf_free(packet);
        return 1;
      },
      &self);
  const auto added = links.loop().add(self.socket_.get(), EPOLLIN | EPOLLRDHUP,
                                      [&self](std::uint32_t) { self.on_socket(); });
  return added ? std::move(made) : nullptr;
}

EchoLink::~EchoLink() {
  if (socket_) links_.loop().remove(socket_.get());
  if (port_ != nullptr) raw_remove(port_);
}

void EchoLink::on_socket() {
  std::array<std::uint8_t, kMostEcho> buffer;
  for (;;) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return links_.end(*this);
    send(ByteSpan(buffer).first(static_cast<std::size_t>(got)));
  }
}

void EchoLink::send(ByteSpan message) {
  const auto head = decode_datagram_head(message);
  if (!head || !head->place) return;
  const ByteSpan echo = message.subspan(kDatagramHeadSize);
  pbuf* const data = pbuf_alloc(PBUF_IP, static_cast<u16_t>(echo.size()), PBUF_RAM);
  if (data == nullptr) return;
  static_cast<void>(pbuf_take(data, echo.data(), static_cast<u16_t>(echo.size())));
  const ip_addr_t to = to_lwip(head->place->address);
  // A lost one is a reply that does not come.
  static_cast<void>(raw_sendto(port_, data, &to));
  pbuf_free(data);
}

// Takes replies, and leaves all else to lwIP. The packet begins with the header of IP.
bool EchoLink::receive(pbuf* packet, const ip_addr_t& from) {
  const u16_t header = ip_current_header_tot_len();
  const u8_t reply = IP_IS_V6(&from) ? u8_t{ICMP6_TYPE_EREP} : u8_t{ICMP_ER};
  if (packet->tot_len <= header || pbuf_get_at(packet, header) != reply) return false;
  if (pbuf_remove_header(packet, header) != 0) return false;
  send_datagram(socket_, {from_lwip(from), 0}, packet);
  return true;
}

}  // namespace wring::stack
