// Pings by a raw socket that is bound to the interface.
#include "doctor/inner_path.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>
#include <variant>

#include "base/rng.h"
#include "doctor/path_mtu.h"
#include "doctor/size_search.h"
#include "netlink/network_facts.h"

namespace wring::doctor {
namespace {

// As echo_targets() wants them.
std::vector<EchoTarget> targets_of(RtSocket& socket, unsigned interface,
                                   const PeerDescription& peer) {
  config::Interface own;
  config::Peer other;
  const auto addresses = addresses_of(socket, interface);
  for (const auto& [address, length] : addresses ? *addresses : std::vector<OwnAddress>()) {
    const bool link_local = !address.is_v4() && address.bytes[0] == 0xfe;
    if (link_local) continue;
    own.addresses.emplace_back(config::InterfaceAddress{address, length, true}, config::Position{});
  }
  for (const IpPrefix& prefix : peer.allowed_ips)
    other.allowed_ips.push_back({prefix, config::AllowedIp::Sign::kNone, {}});
  auto targets = echo_targets(own, other);
  std::erase_if(targets, [](const EchoTarget& target) { return target.hop_limit == 1; });
  return targets;
}

class InnerPing {
 public:
  static std::optional<InnerPing> open(const std::string& interface, const EchoTarget& target) {
    const bool v4 = target.to.is_v4();
    UniqueFd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)));
    if (!fd || setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                          static_cast<socklen_t>(interface.size())) != 0) {
      return std::nullopt;
    }
    const int whole = IP_PMTUDISC_PROBE;
    setsockopt(fd.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
               &whole, sizeof whole);
    return InnerPing(std::move(fd), target);
  }

  // `size` is that of the packet; a smaller one than an echo takes means no filling.
  bool passes(std::uint32_t size) {
    for (int attempt = 0; attempt < kSizeAttempts; ++attempt) {
      const EchoName name{id_, ++sequence_};
      auto packet = echo_request(target_, name);
      packet.resize(std::max<std::size_t>(packet.size(), size));
      const auto message = ByteSpan(packet).subspan(target_.to.is_v4() ? 20 : 40);
      if (!send(message)) return false;
      if (is_answered(name)) return true;
    }
    return false;
  }

  std::uint32_t largest(std::uint32_t mtu) {
    if (passes(mtu)) return mtu;
    return largest_below(
        mtu, std::min(kLeastSize, mtu / 2), [this](std::uint32_t size) { return passes(size); },
        [] { return 0U; });
  }

 private:
  InnerPing(UniqueFd fd, const EchoTarget& target)
      : fd_(std::move(fd)), target_(target), id_(static_cast<std::uint16_t>(SystemRng().u32())) {}

  [[nodiscard]] bool send(ByteSpan message) const {
    const Endpoint to = endpoint_at(target_.to, 0);
    return sendto(fd_.get(), message.data(), message.size(), 0, &to.remote.any, to.remote_size()) >=
           0;
  }

  bool is_answered(const EchoName& name) {
    const SystemClock clock;
    const TimePoint sent = clock.now();
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(sent + wait_.now() - clock.now());
      pollfd event{fd_.get(), POLLIN, 0};
      if (left.count() <= 0 || poll(&event, 1, static_cast<int>(left.count())) <= 0) return false;
      std::array<std::uint8_t, 256> start{};
      const ssize_t got = recv(fd_.get(), start.data(), start.size(), 0);
      if (got <= 0) continue;
      if (!answers(ByteSpan(start).first(static_cast<std::size_t>(got)), name)) continue;
      wait_.answered_after(clock.now() - sent);
      return true;
    }
  }

  UniqueFd fd_;
  EchoTarget target_;
  std::uint16_t id_;
  std::uint16_t sequence_ = 0;
  AnswerWait wait_;
};

// Zeros in the size of a full message.
std::optional<IcmpReport> ask_routers(const Endpoint& endpoint, std::uint32_t fwmark,
                                      std::uint32_t mtu) {
  const auto socket = ProbeSocket::open(endpoint, fwmark, true);
  if (!socket) return std::nullopt;
  const std::vector<std::uint8_t> zeros(mtu + kMessageOverhead);
  if (socket->send(zeros) != 0) return std::nullopt;
  const auto heard = socket->receive(SystemClock().now() + AnswerWait::kFirst);
  const auto* const report = heard ? std::get_if<IcmpReport>(&*heard) : nullptr;
  if (report == nullptr || report->error != EMSGSIZE || !report->from) return std::nullopt;
  return *report;
}

}  // namespace

std::optional<InnerPath> measure_inside(const client::InterfaceState& state,
                                        const PeerDescription& peer) {
  InnerPath path;
  auto socket = RtSocket::open();
  if (!socket) return std::nullopt;
  const unsigned interface = if_nametoindex(state.name.c_str());
  path.mtu = mtu_of(*socket, interface).value_or(0);
  path.v4_outside = peer.endpoint.is_v4();
  for (const EchoTarget& target : targets_of(*socket, interface, peer)) {
    auto ping = InnerPing::open(state.name, target);
    if (!ping) return std::nullopt;
    if (!ping->passes(0)) continue;
    path.carried = ping->largest(path.mtu);
    break;
  }
  path.told = ask_routers(peer.endpoint, state.device.fwmark, path.mtu);
  return path;
}

Finding judge_inside(const InnerPath& path, const std::string& interface) {
  Finding finding;
  finding.code = "path-mtu";
  const std::uint32_t overhead = outer_headers(path.v4_outside) + kMessageOverhead;
  if (path.carried != 0 && path.carried < path.mtu) {
    finding.grade = Grade::kProblem;
    finding.found = fmt::format(
        "packets of up to {} bytes get through the tunnel and back, and "
        "larger ones vanish; its MTU is {}",
        path.carried, path.mtu);
    finding.means = "connections hang once much is sent";
    finding.cure =
        fmt::format("on both sides, run `ip link set {} mtu {}` and write MTU = {} into the file",
                    interface, path.carried, path.carried);
  } else if (path.told) {
    const std::uint32_t most = path.told->mtu > overhead ? path.told->mtu - overhead : 0;
    finding.grade = Grade::kWarning;
    finding.found = fmt::format("{} takes packets of {} bytes, and full ones of the tunnel have {}",
                                to_string(*path.told->from), path.told->mtu, path.mtu + overhead);
    finding.means = "they are divided on the way, which is slow, or lost";
    finding.cure = fmt::format(
        "on both sides, run `ip link set {} mtu {}` and write MTU = {} into "
        "the file",
        interface, most, most);
  } else if (path.carried == 0) {
    finding.grade = Grade::kNote;
    finding.found = "the MTU was not tried: nothing behind the peer answers an echo";
    finding.means = "if connections hang once much is sent, the MTU may be too large";
    finding.cure = "have a host behind the peer answer ping, and run the doctor again";
  } else {
    finding.found = fmt::format(
        "packets of the tunnel's MTU of {} get through and back, tried by echoes inside; whether "
        "they are divided on the way shows only while the tunnel is down, by `wring doctor CONFIG`",
        path.mtu);
  }
  return finding;
}

}  // namespace wring::doctor
