// Sends to ports where nothing listens, and pings.
#include "doctor/surroundings.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <variant>
#include <vector>

#include "ip/checksum.h"

namespace wring::doctor {
namespace {

// Those that traceroute begins with: firewalls know them, and nothing listens there.
constexpr std::uint16_t kClosedPorts[] = {33434, 33435, 33436};
constexpr Bytes<1> kProbe{0};

Endpoint with_port(Endpoint endpoint, std::uint16_t port) {
  if (endpoint.is_v4()) {
    endpoint.remote.v4.sin_port = htons(port);
  } else {
    endpoint.remote.v6.sin6_port = htons(port);
  }
  return endpoint;
}

bool is_of(const IcmpReport& report, const Endpoint& endpoint) {
  return report.from == remote_address(endpoint);
}

// What is heard of one datagram to this port.
std::optional<IcmpReport> report_of(const Endpoint& endpoint, std::uint32_t fwmark,
                                    TimePoint deadline) {
  const auto socket = ProbeSocket::open(endpoint, fwmark);
  if (!socket) return std::nullopt;
  if (const int error = socket->send(kProbe); error != 0) return IcmpReport{error, {}, 0};
  const auto heard = socket->receive(deadline);
  const auto* const report = heard ? std::get_if<IcmpReport>(&*heard) : nullptr;
  return report != nullptr ? std::optional(*report) : std::nullopt;
}

// An echo request by a socket of the kernel's own ping, else by a raw one.
bool pings(const Endpoint& endpoint, std::uint32_t fwmark, TimePoint deadline) {
  const bool v4 = endpoint.is_v4();
  const int family = endpoint.remote.any.sa_family;
  const int protocol = v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol));
  if (!socket) socket.reset(::socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket) return false;
  if (fwmark != 0) setsockopt(socket.get(), SOL_SOCKET, SO_MARK, &fwmark, sizeof fwmark);
  Bytes<16> request{};
  request[0] = v4 ? std::uint8_t{ICMP_ECHO} : std::uint8_t{ICMP6_ECHO_REQUEST};
  // The kernel does it for all but raw sockets of IPv4.
  if (v4) {
    const Be<std::uint16_t> sum(internet_checksum(request));
    store(MutByteSpan(request), sum, offsetof(icmphdr, checksum));
  }
  const Endpoint to = with_port(endpoint, 0);
  if (::connect(socket.get(), &to.remote.any, to.remote_size()) != 0 ||
      ::send(socket.get(), request.data(), request.size(), 0) < 0) {
    return false;
  }
  const SystemClock clock;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now());
    pollfd event{socket.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&event, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<std::uint8_t, 512> packet{};
    const ssize_t got = ::recv(socket.get(), packet.data(), packet.size(), 0);
    if (got <= 0) return false;
    // A raw socket of IPv4 gets the IP header, too, and all of the host's ICMP.
    const std::size_t at = v4 && packet[0] >> 4U == 4 ? (packet[0] & 0xfU) * 4U : 0;
    if (packet[at] == (v4 ? std::uint8_t{ICMP_ECHOREPLY} : std::uint8_t{ICMP6_ECHO_REPLY})) {
      return true;
    }
  }
}

}  // namespace

Surroundings look_around(const Endpoint& endpoint, std::uint32_t fwmark, Duration patience) {
  const SystemClock clock;
  Surroundings seen;
  const Duration share = patience / 3;
  seen.at_port = report_of(endpoint, fwmark, clock.now() + share);
  for (const std::uint16_t port : kClosedPorts) {
    const auto report = report_of(with_port(endpoint, port), fwmark,
                                  clock.now() + share / static_cast<int>(std::size(kClosedPorts)));
    if (report && report->error == ECONNREFUSED && is_of(*report, endpoint)) {
      seen.closed_ports_answer = true;
      break;
    }
  }
  seen.answers_ping = pings(endpoint, fwmark, clock.now() + share);
  return seen;
}

}  // namespace wring::doctor
