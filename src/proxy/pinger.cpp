// The kernel's ping sockets. Where /proc/sys cannot be written, as in containers, they are not
// allowed, and raw ones take their place.
#include "proxy/pinger.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/bytes.h"
#include "base/rng.h"
#include "ip/checksum.h"
#include "ip/endpoint.h"
#include "proxy/addresses.h"

namespace wring::proxy {
namespace {

constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr std::size_t kEchoSize = 16;
using Echo = std::array<std::uint8_t, kEchoSize>;

void put(Echo& message, std::size_t at, std::uint16_t value) {
  message[at] = static_cast<std::uint8_t>(value >> 8);
  message[at + 1] = static_cast<std::uint8_t>(value & 0xff);
}

// Type, code, checksum, identifier, sequence; ICMPv6 has them as ICMP has. The kernel writes the
// checksum of ICMPv6, and a ping socket's identifier and checksum.
Echo echo_request(IpVersion version, std::uint16_t id, std::uint16_t sequence) {
  Echo message{};
  message[0] = version == IpVersion::kV4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  put(message, 4, id);
  put(message, 6, sequence);
  if (version == IpVersion::kV4) put(message, 2, internet_checksum(message));
  return message;
}

// The message in what was read from a socket. Empty if it is none.
ByteSpan message_in(ByteSpan packet, bool with_header) {
  constexpr std::size_t kLeast = 8;
  if (with_header) {
    const std::size_t header = packet.empty() ? 0 : (packet[0] & 0xfU) * 4;
    packet = packet.subspan(std::min(packet.size(), header));
  }
  return packet.size() < kLeast ? ByteSpan() : packet;
}

}  // namespace

Pinger::Socket Pinger::open(IpVersion version) {
  const int family = version == IpVersion::kV4 ? AF_INET : AF_INET6;
  const int protocol = version == IpVersion::kV4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  Socket made;
  made.fd.reset(socket(family, SOCK_DGRAM | kFlags, protocol));
  if (made.fd) return made;
  made.raw = true;
  made.fd.reset(socket(family, SOCK_RAW | kFlags, protocol));
  return made;
}

Pinger::Pinger(Loop& loop, const ProxyConfig& config, Shared& shared)
    : loop_(loop),
      addresses_(config.check_alive),
      interval_(config.check_alive_interval),
      shared_(shared),
      id_(static_cast<std::uint16_t>(SystemRng().u32())) {
  // Also if there is nothing to ping so far: none can be opened once this thread is confined.
  four_ = open(IpVersion::kV4);
  six_ = open(IpVersion::kV6);
}

Pinger::~Pinger() {
  loop_.cancel(timer_);
  for (const Socket* const socket : {&four_, &six_}) {
    if (socket->fd) loop_.forget(socket->fd.get());
  }
}

void Pinger::start() {
  for (const Socket* const socket : {&four_, &six_}) {
    if (!socket->fd) continue;
    const auto watched =
        loop_.watch(socket->fd.get(), [this, socket](std::uint32_t) { take(*socket); });
    // Without it no pong is seen, and that is what /readyz then says.
    if (!watched) return;
  }
  if (!addresses_.empty()) ping();
}

void Pinger::become(const ProxyConfig& config) {
  if (addresses_ == config.check_alive && interval_ == Duration(config.check_alive_interval))
    return;
  loop_.cancel(timer_);
  addresses_ = config.check_alive;
  interval_ = config.check_alive_interval;
  if (!addresses_.empty()) ping();
}

void Pinger::ping() {
  ++sequence_;
  for (const IpAddress& address : addresses_) {
    const Socket& socket = address.is_v4() ? four_ : six_;
    const Echo message = echo_request(address.version, id_, sequence_);
    const Endpoint to = endpoint_at(address, 0);
    // A lost one is a pong that does not come.
    static_cast<void>(sendto(socket.fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                             &to.remote.any, to.remote_size()));
  }
  timer_ = loop_.at(loop_.now() + interval_, [this] { ping(); });
}

void Pinger::take(const Socket& socket) {
  for (;;) {
    std::array<std::uint8_t, 128> packet;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(socket.fd.get(), packet.data(), packet.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return;
    const ByteSpan message = message_in(ByteSpan(packet).first(static_cast<std::size_t>(got)),
                                        socket.raw && from.ss_family == AF_INET);
    if (message.empty()) continue;
    const int reply = from.ss_family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
    const bool is_ours = !socket.raw || (message[4] << 8 | message[5]) == id_;
    if (message[0] == reply && is_ours) note(remote_address(endpoint_from(from)));
  }
}

void Pinger::note(const IpAddress& who) {
  const auto now =
      std::chrono::floor<std::chrono::seconds>(clock_.wall_now()).time_since_epoch().count();
  for (std::size_t i = 0; i < addresses_.size() && i < kMaxPings; ++i) {
    if (who == addresses_[i]) shared_.pongs[i].store(now, std::memory_order_relaxed);
  }
}

}  // namespace wring::proxy
