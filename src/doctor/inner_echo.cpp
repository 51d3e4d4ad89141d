// Writes echo requests, and picks addresses.
#include "doctor/inner_echo.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "ip/checksum.h"
#include "ip/ip_header.h"

namespace wring::doctor {
namespace {

constexpr std::size_t kMaxTargets = 8;

struct Echo {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  Be<std::uint16_t> checksum;
  EchoName name;
};
static_assert(sizeof(Echo) == 8 && alignof(Echo) == 1);

class Targets {
 public:
  Targets(const config::Interface& interface, const config::Peer& peer)
      : interface_(interface), peer_(peer) {}

  std::vector<EchoTarget> run() {
    const auto each_prefix = [this](const auto& use) {
      for (const config::AllowedIp& allowed : peer_.allowed_ips)
        use(allowed.prefix);
    };
    each_prefix([this](const IpPrefix& prefix) {
      if (prefix.length == prefix.address.full_length()) add(prefix.address);
    });
    for (const auto& own : interface_.addresses)
      add(first_of(IpPrefix(own.value.address, own.value.length)));
    for (const auto& server : interface_.dns_servers)
      add(server.value);
    each_prefix([this](const IpPrefix& prefix) {
      if (prefix.length != 0) add(first_of(prefix));
    });
    each_prefix([this](const IpPrefix& prefix) {
      if (prefix.length != prefix.address.full_length()) add(first_of(prefix), 1);
    });
    return std::move(targets_);
  }

 private:
  static IpAddress first_of(const IpPrefix& prefix) {
    IpAddress address = prefix.address;
    if (prefix.length < address.full_length()) ++address.bytes[address.size() - 1];
    return address;
  }

  [[nodiscard]] bool is_behind_peer(const IpAddress& to) const {
    return std::ranges::any_of(peer_.allowed_ips, [&](const config::AllowedIp& allowed) {
      return allowed.sign != config::AllowedIp::Sign::kMinus && allowed.prefix.contains(to);
    });
  }

  void add(const IpAddress& to, std::uint8_t hop_limit = EchoTarget().hop_limit) {
    const auto& own = interface_.addresses;
    const auto is_own = [&](const auto& each) { return each.value.address == to; };
    const auto source = std::ranges::find_if(
        own, [&](const auto& each) { return each.value.address.version == to.version; });
    if (targets_.size() == kMaxTargets || source == own.end() || std::ranges::any_of(own, is_own) ||
        !is_behind_peer(to)) {
      return;
    }
    const EchoTarget target{source->value.address, to, hop_limit};
    if (std::ranges::find(targets_, target) == targets_.end()) targets_.push_back(target);
  }

  const config::Interface& interface_;
  const config::Peer& peer_;
  std::vector<EchoTarget> targets_;
};

}  // namespace

std::vector<EchoTarget> echo_targets(const config::Interface& interface, const config::Peer& peer) {
  return Targets(interface, peer).run();
}

std::vector<std::uint8_t> echo_request(const EchoTarget& target, const EchoName& name) {
  Echo echo;
  echo.name = name;
  if (target.to.is_v4()) {
    echo.type = ICMP_ECHO;
    echo.checksum = internet_checksum(as_bytes(echo));
    Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = std::uint16_t{sizeof ip + sizeof echo};
    ip.ttl = target.hop_limit;
    ip.protocol = IPPROTO_ICMP;
    ip.source = load<Bytes<4>>(target.from.span());
    ip.destination = load<Bytes<4>>(target.to.span());
    ip.checksum = internet_checksum(as_bytes(ip));
    std::vector<std::uint8_t> packet(sizeof ip + sizeof echo);
    store(packet, ip);
    store(packet, echo, sizeof ip);
    return packet;
  }
  echo.type = ICMP6_ECHO_REQUEST;
  Ipv6Header ip{};
  ip.version_class_flow = 6U << 28;
  ip.payload_length = std::uint16_t{sizeof echo};
  ip.next_header = IPPROTO_ICMPV6;
  ip.hop_limit = target.hop_limit;
  ip.source = target.from.bytes;
  ip.destination = target.to.bytes;
  InternetChecksum sum;
  // The pseudo-header, RFC 8200 8.1.
  sum.add(ip.source);
  sum.add(ip.destination);
  sum.add(ip.payload_length);
  sum.add(IPPROTO_ICMPV6);
  sum.add(as_bytes(echo));
  echo.checksum = sum.value();
  std::vector<std::uint8_t> packet(sizeof ip + sizeof echo);
  store(packet, ip);
  store(packet, echo, sizeof ip);
  return packet;
}

bool answers(ByteSpan packet, const EchoName& name) {
  const auto bytes = std::bit_cast<Bytes<sizeof name>>(name);
  return std::search(packet.begin(), packet.end(), bytes.begin(), bytes.end()) != packet.end();
}

}  // namespace wring::doctor
