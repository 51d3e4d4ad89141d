// Each goes out under a number of ours, by which its answer is known.
#include "proxy/gateway_pings.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "ip/checksum.h"
#include "proxy/addresses.h"
#include "proxy/datagram_io.h"

namespace wring::proxy {
namespace {

using EchoMessage = std::vector<std::uint8_t>;

constexpr int kPingsPerTurn = 64;
constexpr std::size_t kHead = 8;
using EchoField = Be<std::uint16_t>;
// Where they stand in a message.
constexpr std::size_t kChecksumAt = 2;
constexpr std::size_t kIdAt = 4;
constexpr std::size_t kSequenceAt = 6;

UniqueFd ping_socket(int family, int protocol) {
  return UniqueFd(socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
}

// What a raw socket got: who sent it, where to, and the message without a header of IP.
struct ReceivedEcho {
  Endpoint from;
  Endpoint to;
  EchoMessage message;
};

// Empty message: it is none to look at. Nothing: there is no more.
std::optional<ReceivedEcho> receive_echo(const UniqueFd& socket, bool four) {
  thread_local std::vector<char> buffer(65535);
  ReceivedEcho received;
  const ssize_t got = receive_with_target(socket.get(), buffer, received.from, received.to);
  if (got < 0) return errno == EAGAIN ? std::nullopt : std::optional(ReceivedEcho());
  const std::string_view all(buffer.data(), static_cast<std::size_t>(got));
  const std::size_t head =
      four && !all.empty() ? std::size_t{4} * (static_cast<unsigned char>(all[0]) & 0xfU) : 0;
  if (all.size() < head + kHead) return received;
  const std::string_view message = all.substr(head);
  received.message.assign(message.begin(), message.end());
  return received;
}

// From an address that need not be ours, because the socket is transparent.
bool send_from(const UniqueFd& socket, const IpAddress& from, Endpoint to, EchoMessage& message) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  iovec part{message.data(), message.size()};
  msghdr out{};
  out.msg_name = &to.remote;
  out.msg_namelen = to.remote_size();
  out.msg_iov = &part;
  out.msg_iovlen = 1;
  out.msg_control = control.data();
  const Endpoint source = endpoint_at(from, 0);
  in_pktinfo four{};
  in6_pktinfo six{};
  four.ipi_spec_dst = source.remote.v4.sin_addr;
  if (!from.is_v4()) six.ipi6_addr = source.remote.v6.sin6_addr;
  const std::size_t size = from.is_v4() ? sizeof four : sizeof six;
  out.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const info = CMSG_FIRSTHDR(&out);
  info->cmsg_level = from.is_v4() ? int{IPPROTO_IP} : int{IPPROTO_IPV6};
  info->cmsg_type = from.is_v4() ? IP_PKTINFO : IPV6_PKTINFO;
  info->cmsg_len = CMSG_LEN(size);
  std::memcpy(CMSG_DATA(info), from.is_v4() ? static_cast<void*>(&four) : &six, size);
  return sendmsg(socket.get(), &out, MSG_NOSIGNAL) >= 0;
}

}  // namespace

bool has_address(Side& side, const IpAddress& address) {
  const UniqueFd probe = side.socket(address.version, SOCK_DGRAM);
  const Endpoint at = endpoint_at(address, 0);
  return !probe || bind(probe.get(), &at.remote.any, at.remote_size()) == 0;
}

PingSockets PingSockets::open() {
  return {ping_socket(AF_INET, IPPROTO_ICMP), ping_socket(AF_INET6, IPPROTO_ICMPV6)};
}

GatewayPings::GatewayPings(Services& services, ListenerCounters& counters, GatewaySockets& inside,
                           PingSockets outside, MayPass may_pass)
    : services_(services),
      counters_(counters),
      four_{std::move(inside.icmp4), std::move(outside.four)},
      six_{std::move(inside.icmp6), std::move(outside.six)},
      may_pass_(std::move(may_pass)) {}

GatewayPings::~GatewayPings() {
  for (const Way* const way : {&four_, &six_}) {
    if (way->inside) services_.loop.forget(way->inside.get());
    if (way->outside) services_.loop.forget(way->outside.get());
  }
}

bool GatewayPings::start() {
  Loop& loop = services_.loop;
  for (const Way* const way : {&four_, &six_}) {
    if (!way->inside || !way->outside) continue;
    const auto in = [this, way](std::uint32_t) { take_requests(*way); };
    const auto out = [this, way](std::uint32_t) { take_replies(*way); };
    if (!loop.watch_level(way->inside.get(), EPOLLIN, in) ||
        !loop.watch_level(way->outside.get(), EPOLLIN | EPOLLERR, out)) {
      return false;
    }
  }
  return true;
}

void GatewayPings::take_requests(const Way& way) {
  const bool four = &way == &four_;
  const std::uint8_t request = four ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
  for (int i = 0; i < kPingsPerTurn; ++i) {
    auto received = receive_echo(way.inside, four);
    if (!received) return;
    const bool is_request = !received->message.empty() && received->message[0] == request;
    if (!is_request || !received->to.is_set()) continue;
    pass_on(way, received->from, received->to, std::move(received->message));
  }
}

void GatewayPings::pass_on(const Way& way, const Endpoint& peer, const Endpoint& target,
                           EchoMessage message) {
  const TimePoint now = services_.loop.now();
  // The kernel answers those to our own addresses in the tunnel.
  if (has_address(services_.tunnel.side, remote_address(target))) return;
  if (!may_pass_(peer, target)) return counters_.count(Refusal::kNotAllowed);
  if (waiting_.size() >= kMaxWaiting) {
    std::erase_if(waiting_, [&](const auto& each) { return each.second.until <= now; });
  }
  const std::uint16_t number = ++next_;
  const auto taken = waiting_.find(number);
  const bool in_use = taken != waiting_.end() && taken->second.until > now;
  if (waiting_.size() >= kMaxWaiting || in_use) return drop();
  waiting_.insert_or_assign(number,
                            Waiting{peer, remote_address(target), load<EchoField>(message, kIdAt),
                                    load<EchoField>(message, kSequenceAt), now + kLimit});
  store<EchoField>(message, number, kSequenceAt);
  if (sendto(way.outside.get(), message.data(), message.size(), MSG_NOSIGNAL, &target.remote.any,
             target.remote_size()) < 0) {
    waiting_.erase(number);
    return counters_.count(Refusal::kUnreachable);
  }
  counters_.from_client.fetch_add(message.size(), std::memory_order_relaxed);
}

void GatewayPings::take_replies(const Way& way) {
  for (int i = 0; i < kPingsPerTurn; ++i) {
    EchoMessage message(65535);
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(way.outside.get(), message.data(), message.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EAGAIN) return;
    if (got < static_cast<ssize_t>(kHead)) continue;
    message.resize(static_cast<std::size_t>(got));
    answer(way, std::move(message), remote_address(endpoint_from(from)));
  }
}

void GatewayPings::answer(const Way& way, EchoMessage message, const IpAddress& from) {
  const bool four = &way == &four_;
  if (message[0] != (four ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) return;
  const auto found = waiting_.find(load<EchoField>(message, kSequenceAt));
  if (found == waiting_.end() || found->second.target != from) return;
  const Waiting ping = found->second;
  waiting_.erase(found);
  store<EchoField>(message, 0, kChecksumAt);
  store<EchoField>(message, ping.id, kIdAt);
  store<EchoField>(message, ping.sequence, kSequenceAt);
  // The kernel writes that of ICMPv6.
  if (four) store<EchoField>(message, internet_checksum(message), kChecksumAt);
  if (!send_from(way.inside, from, ping.peer, message)) return drop();
  counters_.to_client.fetch_add(message.size(), std::memory_order_relaxed);
}

}  // namespace wring::proxy
