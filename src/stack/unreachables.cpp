// Finds the connection by the headers that the message quotes.
#include "stack/unreachables.h"

#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>

#include "ip/ip_header.h"
#include "ip/transport_header.h"
#include "stack/address.h"
#include "stack/tcp_link.h"

namespace wring::stack {
namespace {

constexpr std::size_t kIcmpHeader = 8;
// Ports and sequence number, which a message quotes at least.
constexpr std::size_t kQuoted = 8;

// 0: the message is no reason to give up.
int errno_of(std::uint8_t type, std::uint8_t code, IpVersion version) {
  if (version == IpVersion::kV4) {
    constexpr std::uint8_t kProtocol = 2;
    constexpr std::uint8_t kPort = 3;
    constexpr std::uint8_t kTooLarge = 4;
    if (type != ICMP_DUR || code == kTooLarge) return 0;
    return code == kProtocol || code == kPort ? ECONNREFUSED : EHOSTUNREACH;
  }
  constexpr std::uint8_t kPort = 4;
  if (type != ICMP6_TYPE_DUR) return 0;
  return code == kPort ? ECONNREFUSED : EHOSTUNREACH;
}

// Where the quoted packet's TCP begins, and where it went.
struct Quoted {
  std::size_t transport;
  IpAddress target;
};
std::optional<Quoted> read_quoted(ByteSpan packet, IpVersion version) {
  if (version == IpVersion::kV4) {
    if (packet.size() < sizeof(Ipv4Header) || ip_version(packet) != 4) return std::nullopt;
    const auto ip = load<Ipv4Header>(packet);
    if (ip.protocol != IPPROTO_TCP || (ip.flags_and_offset & kIpv4OffsetMask) != 0) {
      return std::nullopt;
    }
    const std::size_t words = ip.version_and_length & 0xfU;
    return Quoted{4 * words, IpAddress::v4(ip.destination)};
  }
  if (packet.size() < sizeof(Ipv6Header) || ip_version(packet) != 6) return std::nullopt;
  const auto ip = load<Ipv6Header>(packet);
  if (ip.next_header != IPPROTO_TCP) return std::nullopt;
  return Quoted{sizeof ip, IpAddress::v6(ip.destination)};
}

void take(const Unreachable& message) {
  const ip_addr_t target = to_lwip(message.target.address);
  for (tcp_pcb* each = tcp_active_pcbs; each != nullptr; each = each->next) {
    if (each->state != SYN_SENT || each->local_port != message.own_port ||
        each->remote_port != message.target.port || !ip_addr_cmp(&each->remote_ip, &target)) {
      continue;
    }
    // Who guesses ports has to guess this, too (RFC 5927).
    if (message.sequence + 1 != each->snd_nxt || each->callback_arg == nullptr) return;
    return static_cast<TcpLink*>(each->callback_arg)->give_up(message.error);
  }
}

u8_t on_message(void* version, raw_pcb*, pbuf* packet, const ip_addr_t*) {
  constexpr std::size_t kMost = 128;
  const u16_t header = ip_current_header_tot_len();
  Bytes<kMost> bytes;
  const u16_t size = pbuf_copy_partial(packet, bytes.data(), kMost, header);
  const auto read = read_unreachable(ByteSpan(bytes).first(size),
                                     version == nullptr ? IpVersion::kV4 : IpVersion::kV6);
  if (read) take(*read);
  return 0;  // lwIP has it, too
}

}  // namespace

std::optional<Unreachable> read_unreachable(ByteSpan message, IpVersion version) {
  if (message.size() < kIcmpHeader) return std::nullopt;
  const int error = errno_of(message[0], message[1], version);
  if (error == 0) return std::nullopt;
  const ByteSpan packet = message.subspan(kIcmpHeader);
  const auto quoted = read_quoted(packet, version);
  if (!quoted || packet.size() < quoted->transport + kQuoted) return std::nullopt;
  const auto port = [&](std::size_t at) {
    return load<Be<std::uint16_t>>(packet, quoted->transport + at);
  };
  return Unreachable{
      {quoted->target, port(offsetof(TcpHeader, destination_port))},
      port(offsetof(TcpHeader, source_port)),
      load<Be<std::uint32_t>>(packet, quoted->transport + offsetof(TcpHeader, sequence)),
      error};
}

Unreachables::Unreachables()
    : ports_{raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP),
             raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6)} {
  // Which version it is, by a pointer that is null or not.
  if (ports_[0] != nullptr) raw_recv(ports_[0], on_message, nullptr);
  if (ports_[1] != nullptr) raw_recv(ports_[1], on_message, this);
}

Unreachables::~Unreachables() {
  for (raw_pcb* const each : ports_) {
    if (each != nullptr) raw_remove(each);
  }
}

}  // namespace wring::stack
