// Reads datagrams and the queue of errors of one socket.
#include "doctor/probe_socket.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace wring::doctor {
namespace {

constexpr std::size_t kMaxDatagram = 65536;

void set_option(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

std::optional<IpAddress> address_in(const sockaddr& who) {
  if (who.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(who);
    return IpAddress::v4(std::bit_cast<Bytes<4>>(v4.sin_addr.s_addr));
  }
  if (who.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(who);
    return IpAddress::v6(std::bit_cast<Bytes<16>>(v6.sin6_addr));
  }
  return std::nullopt;
}

// Nobody, if it is this host itself: for a neighbour that it does not find, it answers in the name
// of its own address.
std::optional<IpAddress> offender_of(const sock_extended_err& error, int socket) {
  if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) {
    return std::nullopt;
  }
  // The kernel puts the address right behind it.
  const auto who = address_in(*reinterpret_cast<const sockaddr*>(&error + 1));
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size);
  return who == address_in(reinterpret_cast<const sockaddr&>(own)) ? std::nullopt : who;
}

}  // namespace

Result<ProbeSocket> ProbeSocket::open(const Endpoint& to, std::uint32_t fwmark, bool whole) {
  const bool v4 = to.is_v4();
  UniqueFd fd(::socket(to.remote.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_failure("cannot open a UDP socket", errno);
  set_option(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
  static_assert(IP_PMTUDISC_PROBE == IPV6_PMTUDISC_PROBE && IP_PMTUDISC_DONT == IPV6_PMTUDISC_DONT);
  const int discovery = whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
  set_option(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
             discovery);
  if (fwmark != 0) set_option(fd.get(), SOL_SOCKET, SO_MARK, static_cast<int>(fwmark));
  if (::connect(fd.get(), &to.remote.any, to.remote_size()) != 0) {
    return system_failure("cannot send to " + to_string(to), errno);
  }
  return ProbeSocket(std::move(fd));
}

int ProbeSocket::send(ByteSpan datagram) const {
  // The first refusal may be about the datagram before.
  for (int attempt = 0;; ++attempt) {
    if (::send(fd_.get(), datagram.data(), datagram.size(), 0) >= 0) return 0;
    if (attempt == 1) return errno;
  }
}

std::optional<ProbeSocket::Heard> ProbeSocket::receive(TimePoint deadline) const {
  const SystemClock clock;
  for (;;) {
    if (auto datagram = next_datagram()) return *std::move(datagram);
    if (const auto report = next_report()) return *report;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.now());
    if (left.count() <= 0) return std::nullopt;
    pollfd event{fd_.get(), POLLIN, 0};
    ::poll(&event, 1, static_cast<int>(left.count()));
  }
}

std::optional<ProbeSocket::Datagram> ProbeSocket::next_datagram() const {
  Datagram datagram(kMaxDatagram);
  // An error that is pending comes first.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const ssize_t got = ::recv(fd_.get(), datagram.data(), datagram.size(), 0);
    if (got < 0) continue;
    datagram.resize(static_cast<std::size_t>(got));
    return datagram;
  }
  return std::nullopt;
}

std::optional<IcmpReport> ProbeSocket::next_report() const {
  alignas(cmsghdr) std::array<char, 512> control{};
  std::array<char, 64> payload{};
  iovec part{payload.data(), payload.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(fd_.get(), &message, MSG_ERRQUEUE) < 0) return std::nullopt;
  for (cmsghdr* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr;
       part_of = CMSG_NXTHDR(&message, part_of)) {
    const bool is_error =
        (part_of->cmsg_level == IPPROTO_IP && part_of->cmsg_type == IP_RECVERR) ||
        (part_of->cmsg_level == IPPROTO_IPV6 && part_of->cmsg_type == IPV6_RECVERR);
    if (!is_error) continue;
    const auto& error = *reinterpret_cast<const sock_extended_err*>(CMSG_DATA(part_of));
    IcmpReport report{static_cast<int>(error.ee_errno), offender_of(error, fd_.get()), 0};
    if (report.error == EMSGSIZE) report.mtu = error.ee_info;
    return report;
  }
  return std::nullopt;
}

}  // namespace wring::doctor
