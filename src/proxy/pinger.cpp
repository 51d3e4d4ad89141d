// The kernel's ping sockets. Where /proc/sys cannot be written, as in containers, they are not
// allowed, and raw ones take their place.
#include "proxy/pinger.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/bytes.h"
#include "base/rng.h"
#include "ip/checksum.h"
#include "ip/endpoint.h"
#include "proxy/datagram_io.h"

namespace wring::proxy {
namespace {

constexpr std::size_t kEchoSize = 16;
using Echo = std::array<std::uint8_t, kEchoSize>;

// Type, code, checksum, identifier, sequence; ICMPv6 has them as ICMP has. The kernel writes the
// checksum of ICMPv6, and a ping socket's identifier and checksum.
Echo echo_request(IpVersion version, std::uint16_t id, std::uint16_t sequence) {
  Echo message{};
  message[0] = version == IpVersion::kV4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  store<Be<std::uint16_t>>(message, id, 4);
  store<Be<std::uint16_t>>(message, sequence, 6);
  if (version == IpVersion::kV4) store<Be<std::uint16_t>>(message, internet_checksum(message), 2);
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

Pinger::Pinger(Loop& loop, Side& side, const ProxyConfig& config, Shared& shared)
    : loop_(loop),
      addresses_(config.check_alive),
      interval_(config.check_alive_interval),
      shared_(shared),
      id_(static_cast<std::uint16_t>(SystemRng().u32())) {
  // Also if there is nothing to ping so far: none can be opened once this thread is confined.
  four_ = side.echoes(IpVersion::kV4);
  six_ = side.echoes(IpVersion::kV6);
}

Pinger::~Pinger() {
  loop_.cancel(timer_);
  for (const Echoes* const socket : {&four_, &six_}) {
    if (socket->socket) loop_.forget(socket->socket.get());
  }
}

void Pinger::start() {
  for (const Echoes* const socket : {&four_, &six_}) {
    if (!socket->socket) continue;
    const auto watched =
        loop_.watch(socket->socket.get(), [this, socket](std::uint32_t) { take(*socket); });
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
    const Echoes& echoes = address.is_v4() ? four_ : six_;
    const Echo message = echo_request(address.version, id_, sequence_);
    const std::string_view bytes(reinterpret_cast<const char*>(message.data()), message.size());
    // A lost one is a pong that does not come.
    static_cast<void>(send_datagram(echoes.socket.get(), echoes.kind == Echoes::Kind::kWithHeads,
                                    endpoint_at(address, 0), {}, bytes));
  }
  timer_ = loop_.at(loop_.now() + interval_, [this] { ping(); });
}

void Pinger::take(const Echoes& echoes) {
  for (;;) {
    std::array<char, 128> packet;
    Endpoint from;
    const ssize_t got = receive_datagram(echoes.socket.get(),
                                         echoes.kind == Echoes::Kind::kWithHeads, packet, from);
    if (got <= 0) return;
    const ByteSpan bytes(reinterpret_cast<const std::uint8_t*>(packet.data()),
                         static_cast<std::size_t>(got));
    const ByteSpan message = message_in(bytes, echoes.kind == Echoes::Kind::kRaw && from.is_v4());
    if (message.empty()) continue;
    const int reply = from.is_v4() ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
    const bool is_ours =
        echoes.kind == Echoes::Kind::kPing || load<Be<std::uint16_t>>(message, 4) == id_;
    if (message[0] == reply && is_ours) note(remote_address(from));
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
