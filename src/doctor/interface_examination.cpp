// Asks an engine what it counts, and pokes peers that are silent.
#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "client/connection.h"
#include "crypto/key_text.h"
#include "doctor/causes.h"
#include "doctor/drop_causes.h"
#include "doctor/examination.h"
#include "doctor/inner_path.h"
#include "doctor/parallel.h"
#include "netlink/network_facts.h"

namespace wring::doctor {
namespace {

using std::chrono::seconds;

// A session is used for so long, and with traffic renewed before (REJECT_AFTER_TIME).
constexpr seconds kSessionLife{180};
// An engine begins a handshake with one peer at most every five seconds (REKEY_TIMEOUT).
constexpr seconds kEnginePace{6};
constexpr std::uint16_t kDiscardPort = 9;

bool is_up(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  return ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0;
}

// An address that the engine sends to this peer, and that means little to anybody else.
std::optional<Endpoint> inside_of(const PeerDescription& peer) {
  if (peer.allowed_ips.empty()) return std::nullopt;
  const IpPrefix& prefix = peer.allowed_ips.front();
  IpAddress address = prefix.address;
  if (prefix.length == 0) {
    // The networks of documentation.
    address = *IpAddress::parse(address.is_v4() ? "192.0.2.1" : "2001:db8::1");
  } else if (prefix.length < address.full_length() - 1) {
    ++address.bytes[address.size() - 1];
  }
  return endpoint_at(address, kDiscardPort);
}

// One datagram of one byte into the interface, so that its engine wants a session.
void poke(const std::string& interface, const PeerDescription& peer) {
  const auto to = inside_of(peer);
  if (!to) return;
  const UniqueFd socket(::socket(to->remote.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
             static_cast<socklen_t>(interface.size()));
  const char byte = 0;
  static_cast<void>(
      sendto(socket.get(), &byte, 1, MSG_DONTWAIT, &to->remote.any, to->remote_size()));
}

class InterfaceExamination {
 public:
  InterfaceExamination(const client::InterfaceState& state, const ExaminationOptions& options)
      : first_(state), options_(options), interface_(if_nametoindex(state.name.c_str())) {}

  std::vector<Finding> run() {
    check_interface();
    append(findings_, explain(first_.device.dropped));
    for (Finding& finding : findings_)
      finding.about = first_.name;
    std::vector<std::size_t> silent;
    for (std::size_t i = 0; i < first_.peers.size(); ++i) {
      if (!check_peer(first_.peers[i])) silent.push_back(i);
    }
    if (!options_.passive && !silent.empty()) examine(silent);
    if (!options_.passive && interface_ != 0) check_paths();
    return std::move(findings_);
  }

 private:
  void add(const PeerDescription& peer, Finding finding) {
    finding.about = label_of(peer.public_key);
    findings_.push_back(std::move(finding));
  }

  void check_interface() {
    const EngineDescription& engine = first_.device.engine;
    if (!engine.pump.empty()) {
      findings_.push_back(
          {Grade::kGood,
           "engine",
           {},
           fmt::format("wring {}: {}, workers: {}, offloads: {}, cipher: {}", engine.version,
                       engine.pump, engine.workers, engine.offloads, engine.cipher),
           {},
           {}});
    }
    if (first_.device.private_key.is_zero()) {
      findings_.push_back({Grade::kProblem,
                           "no-key",
                           {},
                           "the interface has no private key",
                           "it can neither begin nor answer a handshake",
                           "run `wring set " + first_.name + " private-key FILE`"});
    }
    if (interface_ == 0) {
      findings_.push_back({Grade::kNote,
                           "elsewhere",
                           {},
                           "the interface is in another network namespace",
                           "its routes and packets cannot be looked at from here",
                           "run `wring doctor` in that namespace"});
    } else if (!is_up(first_.name)) {
      findings_.push_back({Grade::kProblem,
                           "interface-down",
                           {},
                           "the interface is down",
                           "its engine neither begins nor answers handshakes",
                           "run `ip link set " + first_.name + " up`"});
    }
  }

  // True if nothing more is to be found out about it.
  bool check_peer(const PeerDescription& peer) {
    const auto now = SystemClock().wall_now();
    if (peer.last_handshake && *peer.last_handshake > now + kEnginePace) {
      add(peer, {Grade::kWarning,
                 "clock-set-back",
                 {},
                 "its last handshake is in the future",
                 "the clock of this host was set back; if the engine starts again before the clock "
                 "has caught up, the peer refuses its handshakes",
                 "set the clock right, see `timedatectl`"});
      return true;
    }
    if (peer.last_handshake && now - *peer.last_handshake < kSessionLife) {
      const auto age = std::chrono::duration_cast<seconds>(now - *peer.last_handshake);
      add(peer, {Grade::kGood,
                 "handshake",
                 {},
                 fmt::format("the last handshake was {} s ago", age.count()),
                 {},
                 {}});
      reached_.push_back(peer.public_key);
      return true;
    }
    if (!peer.endpoint.is_set()) {
      add(peer, {Grade::kNote,
                 "no-endpoint",
                 {},
                 "it is not known where this peer is",
                 "it has to begin the handshake, and has not done so",
                 "run `wring doctor` on its side"});
      return true;
    }
    if (options_.passive) {
      add(peer, {Grade::kNote,
                 "no-handshake",
                 {},
                 "there was no handshake in the last 180 s",
                 "either there is nothing to send, or it does not get through",
                 "leave --passive out to find out"});
    }
    return leads_inside(peer);
  }

  bool leads_inside(const PeerDescription& peer) {
    auto socket = RtSocket::open();
    const auto way =
        socket ? way_to(*socket, peer.endpoint, first_.device.fwmark) : std::optional<Way>();
    if (!way || interface_ == 0 || way->interface != interface_) return false;
    add(peer, route_into_tunnel(to_string(peer.endpoint),
                                "a route of this host leads out of " + first_.name));
    return true;
  }

  // Has the engine begin handshakes with these peers, and watches.
  void examine(const std::vector<std::size_t>& silent) {
    for (const std::size_t i : silent)
      poke(first_.name, first_.peers[i]);
    const client::InterfaceState last = watch(silent);
    std::vector<Finding> judged(silent.size());
    for_each_at_once(silent.size(),
                     [&](std::size_t i) { judged[i] = judge_peer(first_.peers[silent[i]], last); });
    for (std::size_t i = 0; i < silent.size(); ++i) {
      const PeerDescription& peer = first_.peers[silent[i]];
      if (judged[i].grade == Grade::kGood) reached_.push_back(peer.public_key);
      add(peer, std::move(judged[i]));
    }
  }

  // Of the peers with a session. A gateway has too many to ping them all.
  void check_paths() {
    constexpr std::size_t kMost = 16;
    std::vector<std::optional<InnerPath>> paths(std::min(reached_.size(), kMost));
    for_each_at_once(paths.size(), [&](std::size_t i) {
      const PeerDescription* const peer = find(first_, reached_[i]);
      if (peer != nullptr) paths[i] = measure_inside(first_, *peer);
    });
    for (std::size_t i = 0; i < paths.size(); ++i) {
      if (paths[i]) add(*find(first_, reached_[i]), judge_inside(*paths[i], first_.name));
    }
  }

  // Until all have answered, or an answer was refused, or time is over.
  client::InterfaceState watch(const std::vector<std::size_t>& silent) {
    constexpr std::chrono::milliseconds kPause{100};
    const SystemClock clock;
    const TimePoint end = clock.now() + std::max<Duration>(options_.patience, kEnginePace);
    client::InterfaceState last{first_.name, {}, {}};
    while (clock.now() < end) {
      std::this_thread::sleep_for(kPause);
      auto state = client::ask(first_.name);
      if (!state) break;
      last = std::move(*state);
      const bool all = std::ranges::all_of(
          silent, [&](std::size_t i) { return has_answered(first_.peers[i], last); });
      if (all || (silent.size() == 1 && new_drops(last, DropReason::kResponseForged) > 0)) break;
    }
    return last;
  }

  static const PeerDescription* find(const client::InterfaceState& state, const PublicKey& key) {
    const auto found = std::ranges::find(state.peers, key, &PeerDescription::public_key);
    return found == state.peers.end() ? nullptr : &*found;
  }
  static bool has_answered(const PeerDescription& before, const client::InterfaceState& last) {
    const PeerDescription* const now = find(last, before.public_key);
    return now == nullptr || now->last_handshake != before.last_handshake;
  }
  [[nodiscard]] std::uint64_t new_drops(const client::InterfaceState& last,
                                        DropReason reason) const {
    const auto index = static_cast<std::size_t>(reason);
    return last.device.dropped[index] - first_.device.dropped[index];
  }

  Finding judge_peer(const PeerDescription& peer, const client::InterfaceState& last) const {
    if (has_answered(peer, last)) {
      return {Grade::kGood, "handshake", {}, "the engine's handshake got through just now", {}, {}};
    }
    const PublicKey own = derive_public_key(first_.device.private_key);
    const Circumstances at{to_string(peer.endpoint), std::string(KeyText(own.bytes).view()),
                           std::string(KeyText(peer.public_key.bytes).view()),
                           !peer.preshared_key.is_zero(), options_.clock_is_plausible};
    HandshakeResult seen;
    seen.forged = new_drops(last, DropReason::kResponseForged) > 0;
    if (seen.forged) return judge(seen, {}, at);
    return judge(seen, look_around(peer.endpoint, first_.device.fwmark, options_.patience), at);
  }

  const client::InterfaceState& first_;
  const ExaminationOptions& options_;
  unsigned interface_;
  std::vector<PublicKey> reached_;  // peers with a session
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_interface(const client::InterfaceState& state,
                                       const ExaminationOptions& options) {
  return InterfaceExamination(state, options).run();
}

}  // namespace wring::doctor
