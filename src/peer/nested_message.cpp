// Tells a message of ours that comes back through the TUN from one of another tunnel.
#include "peer/nested_message.h"

#include <cstring>

#include "peer/session.h"

namespace wring {
namespace {

// RFC 8200 4.5.
struct FragmentHeader {
  std::uint8_t next_header;
  std::uint8_t reserved;
  Be<std::uint16_t> offset_and_flags;  // the offset is in the upper 13 bits
  Be<std::uint32_t> id;
};
static_assert(sizeof(FragmentHeader) == 8);

bool goes_to(ByteSpan packet, const UdpHeader& udp, const Endpoint& endpoint) {
  if (ip_version(packet) == 4) {
    return endpoint.is_v4() && udp.destination_port == ntohs(endpoint.remote.v4.sin_port) &&
           std::memcmp(packet.data() + offsetof(Ipv4Header, destination),
                       &endpoint.remote.v4.sin_addr, sizeof(in_addr)) == 0;
  }
  return endpoint.is_v6() && udp.destination_port == ntohs(endpoint.remote.v6.sin6_port) &&
         std::memcmp(packet.data() + offsetof(Ipv6Header, destination),
                     &endpoint.remote.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

// `packet` is of the endpoint's family.
bool comes_from(ByteSpan packet, const Endpoint& endpoint) {
  if (!endpoint.pins_source()) return true;  // the kernel chose it, so that it may be any
  if (endpoint.is_v4()) {
    return std::memcmp(packet.data() + offsetof(Ipv4Header, source), &endpoint.source.v4,
                       sizeof(in_addr)) == 0;
  }
  return std::memcmp(packet.data() + offsetof(Ipv6Header, source), &endpoint.source.v6,
                     sizeof(in6_addr)) == 0;
}

bool leads_to(const Session* session, std::uint32_t index) {
  return session != nullptr && session->keys().remote_index.value == index;
}

}  // namespace

std::size_t nested_message_in_fragment(ByteSpan packet) {
  constexpr std::size_t kUdp = sizeof(Ipv6Header) + sizeof(FragmentHeader);
  if (packet.size() < kUdp) return 0;
  const auto fragment = load<FragmentHeader>(packet, sizeof(Ipv6Header));
  if (fragment.next_header != IPPROTO_UDP || fragment.offset_and_flags >> 3 != 0) return 0;
  return is_message_at(packet, kUdp) ? kUdp : 0;
}

bool is_own_message(ByteSpan packet, std::size_t udp, const OwnMessages& own) {
  const auto header = load<UdpHeader>(packet, udp);
  if (!goes_to(packet, header, own.endpoint)) return false;
  const auto message = load<DataHeader>(packet, udp + sizeof(UdpHeader));
  if (message.type == static_cast<std::uint32_t>(MessageType::kData)) {
    return leads_to(own.sending, message.receiver) || leads_to(own.sending_next, message.receiver);
  }
  return header.source_port == own.listen_port && comes_from(packet, own.endpoint);
}

}  // namespace wring
